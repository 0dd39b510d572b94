"""Requests added up by slot, service, method, route and code, with their times by route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.ledger.shape import COMPLEMENT
from reports.ledger.sketches import bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from exporter.meters.requests.events import Event, EventCounts

SLOT_MICROSECONDS = 900 * 1_000_000
FIRST_ERROR = 400
MOST_BUCKETS = 16_384
"""Times whose bucket is remembered: each takes 90 bytes."""

REQUESTS, ERRORS, REQUEST_BYTES, RESPONSE_BYTES, TIMED, DURATION, LONGEST, SHORTEST, TIMES = range(9)
"""Places in a cell: the sums of the spec, its peaks, and counts of times by bucket."""

CellKey = tuple[int, str, str, str, int]
"""Slot (a number: UTC seconds by 900), service, method, route, code."""

TimesKey = tuple[int, str, str, str]
"""Slot, service, method, route."""


class Tally:
    """What was added since it was made; a meter takes it as a whole."""

    __slots__ = ("cells", "clients", "events", "log", "times")

    def __init__(self) -> None:
        """Begin empty."""
        self.cells: dict[CellKey, list[Any]] = {}
        self.times: dict[TimesKey, dict[int, int]] = {}
        self.clients: dict[tuple[int, str], dict[str, int]] = {}
        """Requests by client, as privacy keeps it, by slot (a number) and service."""
        self.log: list[Event] = []
        self.events = 0

    def add(self, events: Iterable[Event], route_of: Callable[[str, str], str], has_log: Callable[[str], bool]) -> None:
        """Add events; `route_of` bounds the routes of a service, `has_log` says which have a log."""
        cells, clients, log, buckets = self.cells, self.clients, self.log, _BUCKETS
        logged, with_log, added = "", False, 0
        for event in events:
            service, at, method, route, code, duration, received, sent, path, client, _, _ = event
            known = route_of(service, route)
            if known is not route:
                event = event._replace(route=known, path=path or route)  # noqa: PLW2901 - it goes on as this
                route = known
            key = (at // SLOT_MICROSECONDS, service, method, route, code)
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = self._new_cell(key)
            cell[0] += 1
            cell[1] += code >= FIRST_ERROR or not code
            cell[2] += received
            cell[3] += sent
            if duration is not None:
                cell[4] += 1
                cell[5] += duration
                if duration > cell[6]:  # noqa: PLR1730 - max() takes twice as long
                    cell[6] = duration
                if COMPLEMENT - duration > cell[7]:  # noqa: PLR1730 - as above
                    cell[7] = COMPLEMENT - duration
                bucket = buckets.get(duration) or _bucket(duration)
                times: dict[int, int] = cell[8]
                times[bucket] = times.get(bucket, 0) + 1
            if client:
                asked = clients.setdefault(key[:2], {})
                asked[client] = asked.get(client, 0) + 1
            if service != logged:
                logged, with_log = service, has_log(service)
            if with_log:
                log.append(event)
            added += 1
        self.events += added

    def add_counts(self, counts: Iterable[EventCounts], route_of: Callable[[str, str], str]) -> None:
        """Add requests of which no single one is known."""
        for each in counts:
            route = route_of(each.service, each.route)
            key = (each.at // SLOT_MICROSECONDS, each.service, each.method, route, each.code)
            cell = self.cells.get(key)
            if cell is None:
                cell = self.cells[key] = self._new_cell(key)
            timed = sum(each.durations.values())
            errors = each.requests if each.code >= FIRST_ERROR or not each.code else 0
            amounts = (each.requests, errors, each.request_bytes, each.response_bytes, timed, each.duration)
            for place, amount in enumerate(amounts):
                cell[place] += amount
            cell[LONGEST] = max(cell[LONGEST], each.longest or 0)
            if each.shortest is not None:
                cell[SHORTEST] = max(cell[SHORTEST], COMPLEMENT - each.shortest)
            for duration, count in each.durations.items():
                bucket = _bucket(duration)
                cell[TIMES][bucket] = cell[TIMES].get(bucket, 0) + count
            self.events += each.requests

    def add_clients(self, clients: Iterable[tuple[tuple[int, str], Mapping[str, int]]]) -> None:
        """Add clients of such requests, as privacy keeps them."""
        for key, requests in clients:
            asked = self.clients.setdefault(key, {})
            for client, count in requests.items():
                asked[client] = asked.get(client, 0) + count

    def _new_cell(self, key: CellKey) -> list[Any]:
        """A cell of zeros, with the times that cells of all codes of a route share."""
        return [0, 0, 0, 0, 0, 0, 0, 0, self.times.setdefault(key[:4], {})]


_BUCKETS: dict[int, int] = {}
"""Buckets by microseconds, of times that have come up: reckoning one takes longer than finding it."""


def _bucket(duration: int) -> int:
    bucket = bucket_of(max(duration, 1))
    if len(_BUCKETS) < MOST_BUCKETS:
        _BUCKETS[duration] = bucket
    return bucket
