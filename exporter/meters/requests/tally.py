"""Requests added up by slot, service, method, route and code, with their times by route."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.shape import COMPLEMENT
from reports.ledger.sketches import bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exporter.meters.requests.events import Event, EventCounts

SLOT_MICROSECONDS = 900 * 1_000_000
FIRST_ERROR = 400
MOST_BUCKETS = 100_000

REQUESTS, ERRORS, REQUEST_BYTES, RESPONSE_BYTES, TIMED, DURATION, LONGEST, SHORTEST = range(8)
"""Places in a cell: the sums of the spec, then its peaks."""

CellKey = tuple[int, str, str, str, str]
"""Slot (UTC seconds), service, method, route, code."""

TimesKey = tuple[int, str, str, str]
"""Slot, service, method, route."""


class LogRow(NamedTuple):
    """One request for the request log; `client` is an address still, to which privacy is applied when it is kept."""

    service: str
    at: int
    method: str
    route: str
    code: str
    path: str
    client: str
    duration: int | None
    request_bytes: int
    response_bytes: int
    agent: str
    user: str


class Tally:
    """What was added since it was made; a meter takes it as a whole."""

    __slots__ = ("cells", "clients", "events", "log", "times")

    def __init__(self) -> None:
        """Begin empty."""
        self.cells: dict[CellKey, list[int]] = {}
        self.times: dict[TimesKey, dict[int, int]] = {}
        self.clients: dict[tuple[int, str], dict[str, int]] = {}
        """Requests by client's address, by slot and service."""
        self.log: list[LogRow] = []
        self.events = 0

    def add(self, events: Iterable[Event], route_of: Callable[[str, str], str], *, with_log: bool) -> None:
        """Add events; `route_of` bounds the routes of a service."""
        cells, times, clients, log = self.cells, self.times, self.clients, self.log
        buckets = _BUCKETS
        for event in events:
            service, at, method, route, code, duration, received, sent, path, client, agent, user = event
            known = route_of(service, route)
            if known is not route:
                path, route = path or route, known
            slot, text = at // SLOT_MICROSECONDS * 900, _CODES[code]
            cell = cells.get((slot, service, method, route, text))
            if cell is None:
                cell = cells[slot, service, method, route, text] = [0] * 8
            cell[0] += 1
            if code >= FIRST_ERROR or not code:
                cell[1] += 1
            cell[2] += received
            cell[3] += sent
            if duration is not None:
                cell[4] += 1
                cell[5] += duration
                cell[6] = max(cell[6], duration)
                cell[7] = max(cell[7], COMPLEMENT - duration)
                found = times.setdefault((slot, service, method, route), {})
                bucket = buckets.get(duration) or _bucket(duration)
                found[bucket] = found.get(bucket, 0) + 1
            if client:
                asked = clients.setdefault((slot, service), {})
                asked[client] = asked.get(client, 0) + 1
            if with_log:
                log.append(
                    LogRow(service, at, method, route, text, path, client, duration, received, sent, agent, user)
                )
            self.events += 1

    def add_counts(self, counts: Iterable[EventCounts], route_of: Callable[[str, str], str]) -> None:
        """Add requests of which no single one is known."""
        for each in counts:
            slot, text = each.at // SLOT_MICROSECONDS * 900, _CODES[each.code]
            route = route_of(each.service, each.route)
            cell = self.cells.setdefault((slot, each.service, each.method, route, text), [0] * 8)
            timed = sum(each.durations.values())
            errors = each.requests if each.code >= FIRST_ERROR or not each.code else 0
            amounts = (each.requests, errors, each.request_bytes, each.response_bytes, timed, each.duration)
            for place, amount in enumerate(amounts):
                cell[place] += amount
            cell[LONGEST] = max(cell[LONGEST], each.longest or 0)
            if each.shortest is not None:
                cell[SHORTEST] = max(cell[SHORTEST], COMPLEMENT - each.shortest)
            if timed:
                found = self.times.setdefault((slot, each.service, each.method, route), {})
                for duration, count in each.durations.items():
                    bucket = _bucket(duration)
                    found[bucket] = found.get(bucket, 0) + count
            self.events += each.requests


_CODES = {code: str(code) for code in range(600)}
_BUCKETS: dict[int, int] = {}
"""Buckets by microseconds, of times that have come up: reckoning one takes longer than finding it."""


def _bucket(duration: int) -> int:
    bucket = bucket_of(max(duration, 1))
    if len(_BUCKETS) < MOST_BUCKETS:
        _BUCKETS[duration] = bucket
    return bucket
