"""Requests of the past, as another program has counted them: opened, brought part by part, then whole.

What netledger has counted of a service itself stays: of an import there is what lies before it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence  # noqa: TC003 - msgspec reads the types of what is sent to a service
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.past.imports import LONGEST_SOURCE, PastLedger
from exporter.ledger.past.rows import LAST_SECOND, ForeignFileError
from exporter.meters.requests import past_rows_store as rows_store
from exporter.meters.requests import past_store as store
from exporter.meters.requests.clients import DailyClients
from exporter.meters.requests.events import LONGEST_DURATION, LONGEST_PATH, METHODS, MOST_BYTES, OTHER_METHOD, Event
from exporter.meters.requests.intake import MOST_ROUTES, MOST_SERVICES
from exporter.meters.requests.key_ring import service_name
from exporter.meters.requests.privacy import ClientPrivacy
from exporter.meters.requests.routes import LONGEST_ROUTE
from exporter.meters.requests.tally import ERRORS, LONGEST, REQUESTS, Tally
from reports.calendar.days import DAY_SECONDS, SLOT_SECONDS, day_number, day_of
from reports.errors import QuestionError
from reports.ledger.shape import ALL, OTHER, REQUEST
from reports.ledger.sketches import EMPTY, encoded

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

    from exporter.meters.requests.settings import Requests

    ServiceDays = tuple[str, date, date, int, int]
    """A service, the first and last day, requests and errors."""

    Usage = dict[tuple[int, rows_store.Key], list[int]]

LAST_MICROSECOND = LAST_SECOND * 1_000_000
NO_SUMS = (0,) * (len(REQUEST.sums) + len(REQUEST.peaks))


class PastRequestsError(Exception):
    """An import that cannot be: the text says why, and what to do."""


class PastOpening(NamedTuple):
    """What is to be imported: its source's name, the program, what tells its books from others, a digest of all.

    `services` are the services that it has.
    """

    source: str
    kind: str
    identity: str
    digest: str
    services: Sequence[str]


class PastOpened(NamedTuple):
    """An import that may begin: its number (0: a dry run, or the same as before), and what netledger has itself.

    `began` are services with the time from which netledger has counted them (UTC microseconds).
    """

    number: int
    is_same: bool
    began: dict[str, int]


class PastPart(NamedTuple):
    """Events of an import, in parts that are numbered from 0 on; one that comes again changes nothing."""

    number: int
    part: int
    events: Sequence[Event]


class TakenBack(NamedTuple):
    """An import that was taken back: the number of its rows by day, and the days that answers have less of."""

    rows: int
    touched: Sequence[tuple[str, date, date, int, int]]


class PastSettings(NamedTuple):
    """What of the settings an import needs."""

    requests: Requests
    slot_seconds: int


class PastRequests:
    """Imports into one ledger, within the transaction of the caller."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo, settings: PastSettings, now: int) -> None:
        """`zone` is that of the ledger's days, `now` is UTC seconds."""
        self.touched: list[ServiceDays] = []
        """What answers have more or less of than before: reports that were written of it are old."""
        self._connection, self._zone, self._settings, self._now = connection, zone, settings, now
        self._slots_since = now - settings.slot_seconds

    def open(self, opening: PastOpening, *, is_dry: bool) -> PastOpened:
        """Begin an import; raises PastRequestsError where its name or one of its services is another's."""
        check_opening(opening)
        if opening.source in PastLedger(self._connection, self._zone).sources():
            raise PastRequestsError(f"source {opening.source} holds bytes: give this one a name with --source NAME")
        held = store.held_past(self._connection, opening.source)
        if held is not None and (held.kind, held.identity) != (opening.kind, opening.identity):
            raise PastRequestsError(
                f"source {opening.source} holds another {held.kind}'s requests: give this one a name with --source NAME"
            )
        for service, source in store.sources_by_service(self._connection).items():
            if service in opening.services and source != opening.source:
                raise PastRequestsError(
                    f"requests of the service {service} have come from {source}: give these another service, or take "
                    f"those back with `netledger import remove {source}`"
                )
        begins = store.own_begins(self._connection, self._zone, self._slots_since + DAY_SECONDS)
        began = {service: begins[service] for service in opening.services if service in begins}
        by_service = {service: began.get(service) for service in opening.services}
        is_same = held is not None and (held.digest, held.began) == (opening.digest, by_service)
        number = 0 if is_same or is_dry else store.begin(self._connection, (*opening[:4], self._now), by_service)
        return PastOpened(number, is_same, began)

    def add(self, part: PastPart) -> None:
        """Add a part; raises PastRequestsError where the import is not open."""
        parts = self._parts(part.number)
        if part.part < parts:
            return
        if unknown := {event.service for event in part.events} - store.services_of(self._connection, part.number):
            raise PastRequestsError(f"service: {min(unknown)} is none of those that the import was opened with")
        if part.part > parts:
            raise PastRequestsError(f"part {part.part} comes before part {parts}")
        tally = Tally()
        settings = self._settings.requests
        has_log = settings.service_log.get
        tally.add(
            [*self._privacy().protect(part.events)],
            self._route_of(),
            lambda service: has_log(service, settings.log),
        )
        usage = self._usage(tally)
        ids = rows_store.subject_ids(self._connection, {key for _, key in usage["day"]}, self._now)
        for grain, rows in usage.items():
            rows_store.add_usage(self._connection, part.number, grain, rows, ids)
        oldest = 1_000_000 * (self._now - int(settings.log_retention))
        logged = [event for event in tally.log if event.at >= oldest]
        rows_store.add_log(self._connection, part.number, logged, ids, self._now)
        self._add_clients(part.number, tally)
        store.add_sums(self._connection, part.number, _sums(part.events, tally))

    def finish(self, number: int) -> None:
        """Let answers have an import; raises PastRequestsError where it is not open."""
        self._parts(number)
        self.touched.extend(_days(store.finish(self._connection, number), self._zone))
        self.touched.extend(_days(store.sums_of(self._connection, number), self._zone))

    def _parts(self, number: int) -> int:
        parts = store.parts_of(self._connection, number)
        if parts is None:
            raise PastRequestsError("this import has ended, or another one of its source has begun: start it again")
        return parts

    def _privacy(self) -> ClientPrivacy:
        """Hashes have a salt of their day, which is destroyed by now: of those services no client is kept."""
        settings = self._settings.requests
        known = {service: "none" if each == "hash" else each for service, each in settings.service_privacy.items()}
        return ClientPrivacy("none" if settings.privacy == "hash" else settings.privacy, known)

    def _route_of(self) -> _RouteBounds:
        return _RouteBounds(rows_store.known_routes(self._connection))

    def _usage(self, tally: Tally) -> dict[str, dict[tuple[int, rows_store.Key], tuple[int | bytes, ...]]]:
        """Rows of slots that are kept still, and of days."""
        sums: dict[str, Usage] = {"slot": {}, "day": {}}
        for (slot, service, method, route, code), cell in tally.cells.items():
            for grain, time in self._times(slot):
                _add_cell(sums[grain], (time, (service, method, route, str(code))), cell)
        sketches: dict[str, defaultdict[tuple[int, rows_store.Key], Counter[int]]] = {
            grain: defaultdict(Counter) for grain in sums
        }
        for (slot, service, method, route), buckets in tally.buckets.items():
            for grain, time in self._times(slot):
                for key in ((service, method, route, ALL), (service, ALL, ALL, ALL)):
                    sketches[grain][time, key].update(buckets)
        return {
            grain: {
                **{key: (*cell, EMPTY) for key, cell in sums[grain].items()},
                **{key: (*NO_SUMS, encoded(counts)) for key, counts in sketches[grain].items()},
            }
            for grain in sums
        }

    def _times(self, slot: int) -> Iterator[tuple[str, int]]:
        start = slot * SLOT_SECONDS
        if start >= self._slots_since:
            yield "slot", start
        yield "day", day_number(day_of(start, self._zone))

    def _add_clients(self, number: int, tally: Tally) -> None:
        """Of days that the request log would not keep any longer, no single client is kept."""
        clients = DailyClients(self._zone, rows_store.clients_key(self._connection))
        for (slot, service), requests in tally.clients.items():
            clients.add(slot, service, requests)
        rows_store.add_clients(self._connection, number, clients.take())
        oldest = (self._now - int(self._settings.requests.log_retention)) // DAY_SECONDS - 1
        rows_store.coarsen_clients(self._connection, oldest)


def take_back(connection: sqlite3.Connection, zone: ZoneInfo, source: str) -> TakenBack:
    """Take back what a source has brought, requests and bytes; raises ForeignFileError for one that is not there."""
    names = store.names(connection) if store.is_there(connection) else []
    held = store.held_past(connection, source) if source in names else None
    if held is None:
        ledger = PastLedger(connection, zone)
        if source not in (known := ledger.sources()):
            known = sorted({*known, *names}) or ["none"]
            raise ForeignFileError(f"nothing was imported as {source!r}; known sources: {', '.join(known)}")
        rows = ledger.remove(source)
        return TakenBack(len(rows), rows)
    touched = list(_days(store.sums_of(connection, held.id), zone))
    return TakenBack(store.delete(connection, held.id), touched)


def _days(sums: Iterable[store.ServiceSums], zone: ZoneInfo) -> Iterator[ServiceDays]:
    for service, requests, errors, first, last in sums:
        yield service, day_of(first // 1_000_000, zone), day_of(last // 1_000_000, zone), requests, errors


class _RouteBounds:
    """Bounds the routes of a service: those beyond the most are OTHER."""

    def __init__(self, known: dict[str, set[str]]) -> None:
        self._known = known

    def __call__(self, service: str, route: str) -> str:
        known = self._known.setdefault(service, set())
        if route in known or len(known) < MOST_ROUTES:
            known.add(route)
            return route
        return OTHER


def _add_cell(usage: Usage, key: tuple[int, rows_store.Key], cell: Sequence[int]) -> None:
    held = usage.get(key)
    if held is None:
        usage[key] = [*cell]
        return
    for place, amount in enumerate(cell):
        held[place] = max(held[place], amount) if place >= LONGEST else held[place] + amount


def _sums(events: Iterable[Event], tally: Tally) -> list[store.ServiceSums]:
    times: dict[str, list[int]] = {}
    for event in events:
        times.setdefault(event.service, []).append(event.at)
    amounts: dict[str, list[int]] = {service: [0, 0] for service in times}
    for key, cell in tally.cells.items():
        amounts[key[1]][0] += cell[REQUESTS]
        amounts[key[1]][1] += cell[ERRORS]
    return [
        store.ServiceSums(service, requests, errors, min(times[service]), max(times[service]))
        for service, (requests, errors) in amounts.items()
    ]


def check_events(events: Iterable[Event]) -> None:
    """Raise PastRequestsError for values that no event can have."""
    for event in events:
        if event.method not in METHODS and event.method != OTHER_METHOD:
            raise PastRequestsError(f"method: {event.method!r} is refused")
        if not (0 < event.at < LAST_MICROSECOND and 100 <= event.code <= 599):  # noqa: PLR2004 - statuses of HTTP
            raise PastRequestsError(f"{event.at} with {event.code}: no request can be of it")
        if event.duration is not None and not 0 <= event.duration <= LONGEST_DURATION:
            raise PastRequestsError(f"duration: {event.duration} is refused")
        if not 0 <= event.request_bytes <= MOST_BYTES >= event.response_bytes >= 0:
            raise PastRequestsError(f"bytes: {event.request_bytes} and {event.response_bytes} are refused")
        if len(event.route) > LONGEST_ROUTE or len(event.path) > LONGEST_PATH:
            raise PastRequestsError("route: it is too long")


def check_opening(opening: PastOpening) -> None:
    """Raise PastRequestsError for a name of a source or a service that cannot be."""
    source = opening.source
    if not source or len(source) > LONGEST_SOURCE or "/" in source or not source.isprintable():
        raise PastRequestsError(f"source: {source!r} is refused: 1 to {LONGEST_SOURCE} printable characters without /")
    if len(opening.services) > MOST_SERVICES:
        raise PastRequestsError(f"there are {len(opening.services)} services: {MOST_SERVICES} have rows of their own")
    for service in opening.services:
        try:
            service_name(service)
        except QuestionError as error:
            raise PastRequestsError(str(error)) from error
