"""The monitors of one service: each is checked at its own interval, and every check is an event of the meter."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import SystemRandom
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from exporter.metering.postings import Incident
from exporter.meters.requests.events import Batch, Event
from exporter.meters.requests.monitors.probing import Prober
from exporter.meters.requests.monitors.standing import NOTE, MonitorStatus, Standing, held_outage, note_of
from reports.ledger.shape import REQUEST
from reports.text.amounts import human_duration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from exporter.meters.requests.intake import Intake
    from exporter.meters.requests.monitors.probing import Probe
    from exporter.meters.requests.monitors.settings import Monitor
    from exporter.meters.requests.monitors.standing import Outage

log = logging.getLogger(__name__)

DOWN, UP = "monitor down", "monitor up"
RESOLVER_THREADS = 4


class MonitorListener(Protocol):
    """Hears of outages, of their ends, and of certificates that end soon; it never waits."""

    def note_outage(self, monitor: Monitor, outage: Outage) -> None:
        """A monitor is down."""

    def note_recovery(self, monitor: Monitor, outage: Outage, at: int) -> None:
        """It is up again."""

    def note_certificate(self, monitor: Monitor, ends: int) -> None:
        """Its certificate ends soon (UTC seconds); called with every check."""


class Check(NamedTuple):
    """Work that is due every `interval` seconds, and for the first time at once."""

    interval: float
    run: Callable[[], Awaitable[None]]


class MonitorWatch:
    """Checks monitors; `now` gives UTC seconds."""

    def __init__(
        self,
        monitors: Sequence[Monitor],
        intake: Intake,
        listener: MonitorListener,
        now: Callable[[], float],
        prober: Prober | None = None,
    ) -> None:
        """Without monitors nothing is opened. The standing of each goes on where the service before has left it."""
        self._monitors, self._intake, self._listener, self._now = monitors, intake, listener, now
        self._resolver = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="monitor-names") if monitors else None
        self._prober = prober or (Prober(self._resolver) if self._resolver else None)
        self._begun: set[str] = set()
        names = {each.name for each in monitors}
        gone = {name: "" for name in intake.notes if name.startswith(NOTE) and name.removeprefix(NOTE) not in names}
        if gone:
            intake.add_soon(Batch(notes=gone))
        self._statuses = {each.name: self._resumed(each) for each in monitors}
        self._publish()

    def checks(self) -> list[Check]:
        """What is to be run for each monitor."""
        return [Check(each.interval, partial(self.check, each)) for each in self._monitors]

    def close(self) -> None:
        """Let go of the threads; a name that is still looked up is not waited for."""
        if self._resolver is not None:
            self._resolver.shutdown(wait=False, cancel_futures=True)

    async def check(self, monitor: Monitor) -> None:
        """Check once; the first time after a part of the interval, so that not all are checked at one instant."""
        if self._prober is None:
            return
        if monitor.name not in self._begun:
            self._begun.add(monitor.name)
            await asyncio.sleep(monitor.interval * SystemRandom().random())
        self._note(monitor, await self._prober.probe(monitor))

    def _note(self, monitor: Monitor, probe: Probe) -> None:
        now = self._now()
        at, before = int(now), self._statuses[monitor.name]
        standing = before.standing.after(at, probe.reason, monitor.misses)
        ends = before.certificate_ends if probe.certificate_ends is None else probe.certificate_ends
        status = MonitorStatus(monitor.name, standing, at, probe, ends, monitor.certificate_days)
        self._statuses[monitor.name] = status
        self._publish()
        was, is_ = before.standing.outage, standing.outage
        notes = {f"{NOTE}{monitor.name}": note_of(is_)} if (was is None) != (is_ is None) else {}
        self._intake.add_soon(Batch([_event(monitor, probe, int(now * 1e6))], notes=notes))
        self._report(monitor, was, is_, at)
        if status.is_certificate_due and ends is not None:
            self._listener.note_certificate(monitor, ends)

    def _report(self, monitor: Monitor, was: Outage | None, is_: Outage | None, at: int) -> None:
        if was is None and is_ is not None:
            log.warning("monitor %r is down: %s", monitor.name, is_.reason)
            self._intake.add_incident(Incident(is_.began, monitor.name, DOWN, detail=is_.reason, meter=REQUEST.name))
            self._listener.note_outage(monitor, is_)
        if was is not None and is_ is None:
            detail = f"after {human_duration(at - was.began)}: {was.reason}"
            log.warning("monitor %r is up again %s", monitor.name, detail)
            self._intake.add_incident(Incident(at, monitor.name, UP, detail=detail, meter=REQUEST.name))
            self._listener.note_recovery(monitor, was, at)

    def _resumed(self, monitor: Monitor) -> MonitorStatus:
        outage = held_outage(self._intake.notes.get(f"{NOTE}{monitor.name}", ""))
        standing = Standing() if outage is None else Standing(monitor.misses, outage.began, outage)
        return MonitorStatus(monitor.name, standing, certificate_days=monitor.certificate_days)

    def _publish(self) -> None:
        statuses: Mapping[str, MonitorStatus] = MappingProxyType(dict(self._statuses))
        self._intake.monitors = statuses


def _event(monitor: Monitor, probe: Probe, at: int) -> Event:
    return Event(
        service=monitor.name,
        at=at,
        method=monitor.method,
        route=monitor.target.path,
        code=probe.code,
        duration=probe.duration,
        response_bytes=probe.response_bytes,
    )
