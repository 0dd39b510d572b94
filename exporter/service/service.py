"""The service: builds the parts, starts and stops the tasks; computes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from exporter.archive.archive import ROUND_SECONDS
from exporter.ledger.locks.lock import LedgerLock
from exporter.ledger.opening.opening import open_ledger
from exporter.service.group_commit import RETRY_SECONDS, group_commits
from exporter.service.sharing import follow_shared, follow_shared_when_due
from exporter.service.turns import every
from exporter.service.wiring import ServiceEnvironment, build_parts
from exporter.tls.certificates import Certificates
from exporter.web.http.listening import bind, close
from exporter.web.readers import Readers
from exporter.web.server import serve

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence

    from exporter.service.wiring import Parts
    from exporter.web.context import ServiceContext
    from exporter.web.server import HttpServer

log = logging.getLogger(__name__)

LINKS_SECONDS, UPKEEP_SECONDS = 60.0, 3600.0
LAST_ATTEMPTS = 3


class Service:
    """One service from start to stop. `ended` is done when the ledger was found broken and must be opened again."""

    def __init__(self, environment: ServiceEnvironment) -> None:
        """Nothing is opened before `start`."""
        self._environment = environment
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._lock = LedgerLock(environment.settings.ledger.path)
        self._certificates = Certificates(environment.settings, environment.web_config)
        self._writers = ThreadPoolExecutor(1, thread_name_prefix="ledger-writer")
        self._readers = Readers.start()
        self._parts: Parts | None = None
        self._server: HttpServer | None = None
        self._sockets: Sequence[socket.socket] = ()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> str:
        """The address, after opening the ledger and one sample; raises LedgerError or OSError: then call `stop`."""
        environment, settings = self._environment, self._environment.settings
        self._lock.acquire()
        self._sockets = bind(settings.server.host, settings.server.port)  # one taken leaves no empty ledger behind
        opened = await asyncio.get_running_loop().run_in_executor(
            self._writers,
            open_ledger,
            settings.ledger.path,
            [each.kind.store() for each in environment.meters],
            environment.zone,
        )
        self._lock.hold_ledger()
        parts = self._parts = build_parts(
            environment, opened, writers=self._writers, readers=self._readers, on_damage=self._end
        )
        parts.context.load_totals = parts.load_totals
        parts.follow_power()
        parts.sampler.sample()
        await parts.commit()
        try:
            await parts.follow_plans()
            await follow_shared(parts.plans, parts.context, 0)
        except sqlite3.Error as error:
            log.warning("there are no figures of plans before the ledger can be read: %s", error)
        self._server = await serve(
            parts.context, self._sockets, environment.web_config, self._certificates.context, environment.resources
        )
        self._lock.write_holder(self._server.holder)
        if parts.mirror is not None:
            parts.mirror.start()
        self._tasks = [
            every(parts.pace.sample_interval, parts.sample),
            every(parts.pace.commit_interval, parts.commit),
            every(LINKS_SECONDS, self._refresh, parts),
            every(0, parts.follow_plans_when_due),
            *([every(0, follow_shared_when_due, parts.plans, parts.context)] if parts.plans.shared else []),
            every(UPKEEP_SECONDS, parts.upkeep.go_round, at_once=True),
            every(ROUND_SECONDS, parts.keep_archive),
            *([every(updates.interval, updates.check)] if (updates := parts.context.updates).is_on else []),
            *(every(check.interval, check.run, at_once=True) for check in parts.monitors.checks()),
            *(every(RETRY_SECONDS, each.run, at_once=True) for each in group_commits(environment.meters, parts)),
        ]
        return self._server.holder.url

    @property
    def context(self) -> ServiceContext | None:
        """What it answers from; None before it is started."""
        return self._parts.context if self._parts is not None else None

    async def post(self) -> bool:
        """Sample and post now; returns whether all of it is in the ledger."""
        return self._parts is None or await self._parts.sample_and_commit()

    def handovers(self) -> Mapping[str, object]:
        """What the meters hand over to the service that follows."""
        return self._parts.sampler.handovers() if self._parts is not None else {}

    async def stop(self) -> bool:
        """Stop listening, post the last sample, let go of everything; returns whether all of it is in the ledger."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.close()
        close(self._sockets)
        is_posted = True
        if self._parts is not None:
            is_posted = self.ended.done() or await self._post_the_last(self._parts)
            await self._parts.close()
        self._writers.shutdown()
        self._readers.shutdown()
        self._lock.release()
        return is_posted

    async def _post_the_last(self, parts: Parts) -> bool:
        for _attempt in range(LAST_ATTEMPTS):
            if await parts.sample_and_commit():
                return True
        log.error("the last sample is not in the ledger: the kernel remembers it until the next boot")
        return False

    async def _refresh(self, parts: Parts) -> None:
        """What may take its time: link speeds, power, certificates, the disk."""
        await asyncio.to_thread(parts.sampler.refresh)
        parts.follow_power()
        self._certificates.renew()
        self._lock.keep()
        await parts.upkeep.measure_disk()

    def _end(self, reason: str) -> None:
        with contextlib.suppress(asyncio.InvalidStateError):
            self.ended.set_result(reason)
