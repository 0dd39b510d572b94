"""The intake: where every door leads. What is added waits here until a posting takes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.events import Batch
from exporter.meters.requests.key_ring import KeyRing
from exporter.meters.requests.privacy import ClientPrivacy
from exporter.meters.requests.tally import Tally
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from exporter.metering.postings import Incident
    from exporter.meters.requests.events import Event
    from exporter.meters.requests.monitors.standing import MonitorStatus
    from exporter.meters.requests.service_keys import KeyChange

MOST_PENDING = 50_000
"""Requests that wait for a commit; more are refused until it is done."""

MOST_SERVICES, MOST_ROUTES = 100, 500
"""Services, and routes of each, with rows of their own; those beyond are "(other)"."""

MOST_IDS = 10_000
"""Ids of batches that are kept in memory: of those on their way, and the newest in the ledger."""

QUICK_SECONDS, MERGE_SHARE = 0.05, 20
"""A merge that takes longer is not repeated within twenty times as long."""

MERGE_PATIENCE_SECONDS = 2.0

BEGAN = "began"
"""The note of when the meter began, in UTC seconds."""


class BusyError(Exception):
    """More waits than may; `seconds` until it is worth a try."""

    seconds = 1


class UnpostedError(Exception):
    """The ledger cannot be written: what was given is counted when it can, and a repeat without an id counts again."""


class Figures(NamedTuple):
    """Since the service started: events that are in the ledger, rows that were refused, those given up, late ones.

    `log_dropped` are events that are counted, and that a full disk has cost the request log.
    """

    accepted: int = 0
    refused: int = 0
    dropped: int = 0
    late: int = 0
    log_dropped: int = 0


class Taken(NamedTuple):
    """What a meter takes at once."""

    tally: Tally
    batches: Sequence[tuple[str, str]]
    notes: dict[str, str]
    key_changes: Sequence[KeyChange]
    incidents: Sequence[Incident] = ()


class Intake:
    """What a service's doors have accepted. All calls come from the event loop."""

    def __init__(self) -> None:
        """Begin empty; the meter says what is known already."""
        self.on_wanted: Callable[[], object] = bool
        """Called when something waits for a commit."""
        self.on_take: Callable[[], object] = bool
        """Called before what waits is taken: whoever has collected something adds it now."""
        self.figures = Figures()
        self.keys = KeyRing()
        self.has_log: Callable[[str], bool] = lambda _service: False
        self.privacy = ClientPrivacy()
        self.notes: dict[str, str] = {}
        """The doors' own state by name, as the next posting leaves it: a door reads it and adds its batch at once."""
        self.problems: dict[str, str] = {}
        """What a door cannot do, a sentence by its name, for /api/health; "" is none."""
        self.began = 0
        """When the meter of this ledger began, in UTC seconds; 0 before its first sample."""
        self.has_unmerged, self.is_merge_wanted = False, False
        """Whether times and clients wait to be merged into slots and days, and whether the next sample is to do it."""
        self._merged_at = self._merge_seconds = 0.0
        self.monitors: Mapping[str, MonitorStatus] = {}
        """How monitors stand, by name."""
        self._routes: dict[str, set[str]] = {}
        self._ids: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._waiting: list[asyncio.Future[None]] = []
        self._taken: list[asyncio.Future[None]] = []
        self._in_posting: list[asyncio.Future[None]] = []
        self._unposted = 0
        self._clear()

    def close(self) -> None:
        """Nothing is held open."""

    def know(self, routes: Iterable[tuple[str, str]], notes: Mapping[str, str]) -> None:
        """Begin anew with the services, routes and notes that the ledger has."""
        self._routes, self.notes = {}, dict(notes)
        self.began = int(notes.get(BEGAN, 0))
        self._note(self._notes)
        for service, route in routes:
            self._routes.setdefault(service, set()).add(route)

    def knows(self, service: str) -> bool:
        """True if a service has requests, whichever door they came by."""
        return service in self._routes

    def forget(self, service: str, route: str) -> None:
        """Drop a route that the ledger has folded."""
        self._routes.get(service, set()).discard(route)

    @property
    def is_busy(self) -> bool:
        """True where more waits than may."""
        return self._unposted >= MOST_PENDING

    def has(self, service: str, batch: str) -> bool:
        """True if a batch of this id is on its way, or one of the newest in the ledger."""
        return (service, batch) in self._ids

    async def add(self, batch: Batch) -> None:
        """Count a batch, and wait until it is in the ledger; raises BusyError and UnpostedError.

        One with an id that `has` knows must not be given again.
        """
        if self.is_busy:
            self.figures = self.figures._replace(dropped=self.figures.dropped + len(batch.events))
            raise BusyError
        self.add_soon(batch)
        posted = asyncio.get_running_loop().create_future()
        self._waiting.append(posted)
        self.on_wanted()
        await posted

    async def merge(self) -> None:
        """Have times and clients of all that was acknowledged merged, so that an answer has them.

        In a flood, where it takes long, not for every question; while the ledger cannot be written, not at all.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        is_soon = began - self._merged_at < MERGE_SHARE * self._merge_seconds
        if not self.has_unmerged or (is_soon and self._merge_seconds > QUICK_SECONDS):
            return
        self.is_merge_wanted = True
        with contextlib.suppress(BusyError, UnpostedError, TimeoutError):
            async with asyncio.timeout(MERGE_PATIENCE_SECONDS):
                await self.add(Batch())
        self._merged_at = loop.time()
        self._merge_seconds = self._merged_at - began

    def add_soon(self, batch: Batch) -> None:
        """Count a batch with the next commit, whenever that is."""
        if batch.id:
            self._ids[batch.service, batch.id] = None
            self._batches.append((batch.service, batch.id))
            while len(self._ids) > MOST_IDS:
                self._ids.popitem(last=False)
        batch = self._bounded(batch)
        self._events.extend(self.privacy.protect(batch.events))
        before = self._tally.events
        self._tally.add_counts(batch.counts, self._route_of)
        self._tally.add_clients(self.privacy.kept_clients(batch.clients))
        self._unposted += len(batch.events) + self._tally.events - before
        self._note(batch.notes)
        self._key_changes.extend(batch.key_changes)
        refused, late = self.figures.refused + batch.refused, self.figures.late + batch.late
        self.figures = self.figures._replace(refused=refused, late=late)

    def add_incident(self, incident: Incident) -> None:
        """Note an incident of a door with the next commit."""
        self._incidents.append(incident)

    def begin(self, at: int) -> None:
        """Note when the meter began, if the ledger does not have it."""
        if not self.began:
            self.began = at
            self._note({BEGAN: str(at)})

    def take(self) -> Taken:
        """All that waits; those who wait for it hear when it is in the ledger."""
        self.on_take()
        self._tally.add(self._events, self._route_of, self.has_log)
        taken = Taken(self._tally, self._batches, self._notes, self._key_changes, self._incidents)
        self._taken.extend(self._waiting)
        self._clear()
        return taken

    def note_posting(self) -> None:
        """What was taken until now goes into the next posting. What is taken after it waits for another one."""
        self._in_posting.extend(self._taken)
        self._taken = []

    def note_posted(self, events: int, log_dropped: int = 0) -> None:
        """The last posting, with so many events, is in the ledger; so many of them are not in its log."""
        self._unposted -= events
        accepted, dropped = self.figures.accepted + events, self.figures.log_dropped + log_dropped
        self.figures = self.figures._replace(accepted=accepted, log_dropped=dropped)
        waiting, self._in_posting = self._in_posting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def note_failed(self) -> None:
        """The ledger cannot be written: those who wait hear of it, and what was taken goes in when it can."""
        waiting = [*self._in_posting, *self._taken, *self._waiting]
        self._in_posting, self._taken, self._waiting = [], [], []
        for each in waiting:
            if not each.done():
                each.set_exception(UnpostedError)
                each.exception()  # who does not wait any more must not find it in the log

    def _note(self, notes: Mapping[str, str]) -> None:
        self._notes.update(notes)
        for name, value in notes.items():
            if value:
                self.notes[name] = value
            else:
                self.notes.pop(name, None)

    def _bounded(self, batch: Batch) -> Batch:
        """The batch, its requests under "(other)" where their service is one too many."""
        named = {each.service for each in batch.events} | {each.service for each in batch.counts}
        new = named - self._routes.keys()
        if not new:
            return batch
        within = max(MOST_SERVICES - len(self._routes), 0)
        self._routes.update({service: set() for service in sorted(new)[:within]})
        others = new - self._routes.keys()
        if not others:
            return batch
        events = [each._replace(service=OTHER) if each.service in others else each for each in batch.events]
        counts = [each._replace(service=OTHER) if each.service in others else each for each in batch.counts]
        return batch._replace(events=events, counts=counts)

    def _route_of(self, service: str, route: str) -> str:
        known = self._routes.get(service)
        if known is None:
            known = self._routes[service] = set()
        if route in known:
            return route
        if len(known) >= MOST_ROUTES:
            return OTHER
        known.add(route)
        return route

    def _clear(self) -> None:
        self._tally = Tally()
        self._events: list[Event] = []
        """Events that are added up when they are taken: more at once take less time."""
        self._batches: list[tuple[str, str]] = []
        self._notes: dict[str, str] = {}
        self._key_changes: list[KeyChange] = []
        self._incidents: list[Incident] = []
        self._waiting = []
