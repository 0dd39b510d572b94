"""Services one after the other in one process: a new one follows a reload, and a ledger that was lost."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.ledger.files import LedgerError
from exporter.metering.clock import SystemClock
from exporter.service.preparation import StartError, make_folder, zone_of_days
from exporter.service.service import Service
from exporter.service.signals import Request, signal_requests
from exporter.service.startup import start_facts
from exporter.service.supervision import Supervision
from exporter.service.wiring import ServiceEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from exporter.meters.registry import OpenedMeter
    from exporter.service.startup import StartFact
    from exporter.settings.tree import Settings
    from exporter.tls.web_config import WatchedWebConfig

log = logging.getLogger("netledger")

MOST_REOPENINGS, REOPENINGS_SECONDS = 3, 3600
"""A ledger that breaks more often within this time is on a disk that cannot be relied on."""

PRIVATE = 0o077
"""umask of the service: a user who may read the ledger may lock it, too."""


class ServiceRunner(NamedTuple):
    """Runs services until a signal stops one.

    `reload` returns the settings of the next service, from those of the last. `announce` is called with the facts of a
    service and its settings when it answers. `count_since_boot` is for the first one. `config` is the file of settings.
    """

    meters: Sequence[OpenedMeter]
    web_config: WatchedWebConfig | None
    reload: Callable[[Settings], Settings]
    announce: Callable[[Settings, Iterable[StartFact]], None]
    count_since_boot: bool = False
    config: Path | None = None

    async def run(self, settings: Settings) -> bool:
        """True if the last sample was posted; raises StartError or OSError where the first service cannot start."""
        requests = signal_requests(asyncio.get_running_loop())
        async with Supervision() as supervision:
            return await self._run(settings, requests, supervision)

    async def _run(self, settings: Settings, requests: asyncio.Queue[Request], supervision: Supervision) -> bool:
        loop = asyncio.get_running_loop()
        started: Settings | None = None
        handovers: Mapping[str, object] = {}
        reopenings: list[float] = []
        while True:
            try:
                service, url = await self._start(
                    settings, handovers, count_since_boot=self.count_since_boot and not started
                )
            except (StartError, OSError) as error:
                if started is None or settings is started:
                    raise
                log.error("the new settings cannot be started with, and the old ones stay: %s", error)  # noqa: TRY400
                settings = started
                continue
            started = settings
            supervision.note_ready(service, url)
            request = await _next_request(service, requests)
            if request is Request.STOP:
                supervision.note_stop()
                return await service.stop()
            supervision.note_reload()
            await service.stop()
            handovers = service.handovers()
            if request is Request.RELOAD:
                settings = self.reload(settings)
                continue
            now = loop.time()
            reopenings = [*(then for then in reopenings if now - then < REOPENINGS_SECONDS), now]
            if len(reopenings) > MOST_REOPENINGS:
                log.error("the ledger broke %d times within an hour: giving up; look at its disk", len(reopenings))
                return False

    async def _start(
        self, settings: Settings, handovers: Mapping[str, object], *, count_since_boot: bool
    ) -> tuple[Service, str]:
        make_folder(settings.ledger.path)
        os.umask(PRIVATE)
        zone = zone_of_days(settings.ledger.timezone)
        environment = ServiceEnvironment(
            settings, SystemClock(), self.meters, zone, self.web_config, count_since_boot, handovers, config=self.config
        )
        try:
            service = Service(environment)
            async with contextlib.AsyncExitStack() as undo:
                undo.push_async_callback(service.stop)
                url = await service.start()
                undo.pop_all()
        except (LedgerError, ssl.SSLError) as error:
            raise StartError(str(error)) from error
        gc.collect()
        gc.freeze()  # what a start makes lives as long as the service: the collector does not visit it again
        snapshot = service.context.last_snapshot if service.context is not None else None
        self.announce(settings, start_facts(settings, url, snapshot))
        return service, url


async def _next_request(service: Service, requests: asyncio.Queue[Request]) -> Request:
    """The request of the next signal, or REOPEN when the service has lost its ledger.

    A reload waits until the ledger can be written: what is counted in memory does not outlive the service.
    """
    while True:
        signalled = asyncio.create_task(requests.get())
        awaited: set[asyncio.Future[Any]] = {signalled, service.ended}
        done, _ = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if signalled not in done:
            signalled.cancel()
            log.error("the ledger is lost (%s): it is opened again", service.ended.result())
            return Request.REOPEN
        if signalled.result() is Request.RELOAD and not await service.post():
            log.error("the settings are not read again while the ledger cannot be written: send the signal again then")
            continue
        return signalled.result()
