"""Requests added up by slot, service, method, route and code, with their times by route."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from reports.ledger.shape import COMPLEMENT
from reports.ledger.sketches import bucket_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from exporter.meters.requests.events import Event, EventCounts

SLOT_MICROSECONDS = 900 * 1_000_000
FIRST_ERROR = 400
MOST_BUCKETS = 16_384
"""Times whose bucket is remembered: each takes 90 bytes."""

REQUESTS, ERRORS, REQUEST_BYTES, RESPONSE_BYTES, TIMED, DURATION, LONGEST, SHORTEST = range(8)
"""Places in a cell: the sums of the spec, and its peaks."""

CellKey = tuple[int, str, str, str, int]
"""Slot (a number: UTC seconds by 900), service, method, route, code."""

TimesKey = tuple[int, str, str, str]
"""Slot, service, method, route."""


class Tally:
    """What was added since it was made; a meter takes it as a whole."""

    __slots__ = ("buckets", "cells", "clients", "events", "log", "times")

    def __init__(self) -> None:
        """Begin empty."""
        self.cells: dict[CellKey, list[int]] = {}
        self.buckets: dict[TimesKey, list[int]] = {}
        """Buckets of the times of single events; an empty list where nobody measured them."""
        self.times: dict[TimesKey, dict[int, int]] = {}
        """Counts by bucket, of times that came as counts."""
        self.clients: dict[tuple[int, str], Counter[str]] = {}
        """Requests by client, as privacy keeps it, by slot (a number) and service."""
        self.log: list[Event] = []
        self.events = 0

    def add(self, events: Sequence[Event], route_of: Callable[[str, str], str], has_log: Callable[[str], bool]) -> None:
        """Add events; `route_of` bounds the routes of a service, `has_log` says which have a log."""
        groups: defaultdict[CellKey, list[Event]] = defaultdict(list)
        for event in events:
            groups[event[1] // SLOT_MICROSECONDS, event[0], event[2], event[3], event[4]].append(event)
        bounds = {(service, route): route_of(service, route) for _, service, _, route, _ in groups}
        if any(known != route for (_, route), known in bounds.items()):
            self.add([_moved(event, bounds[event.service, event.route]) for event in events], route_of, has_log)
            return
        for key, group in groups.items():
            self._add_group(key, group)
        with_log = {service: has_log(service) for service in dict.fromkeys(key[1] for key in groups)}
        self.log.extend(events if all(with_log.values()) else (event for event in events if with_log[event.service]))
        self.events += len(events)

    def _add_group(self, key: CellKey, group: Sequence[Event]) -> None:
        """Add events of one cell; column by column, which takes half as long as one by one."""
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = [0] * (SHORTEST + 1)
        _, _, _, _, _, durations, received, sent, _, clients, _, _ = zip(*group, strict=True)
        cell[REQUESTS] += len(group)
        cell[ERRORS] += len(group) if is_error(key[4]) else 0
        cell[REQUEST_BYTES] += sum(received)
        cell[RESPONSE_BYTES] += sum(sent)
        timed = [duration for duration in durations if duration is not None]
        buckets = self.buckets.setdefault(key[:4], [])
        if timed:
            cell[TIMED] += len(timed)
            cell[DURATION] += sum(timed)
            cell[LONGEST] = max(cell[LONGEST], *timed)
            cell[SHORTEST] = max(cell[SHORTEST], COMPLEMENT - min(timed))
            buckets.extend(map(_BUCKETS.__getitem__, timed))
        asked = [client for client in clients if client]
        if asked:
            self.clients.setdefault(key[:2], Counter()).update(asked)

    def add_counts(self, counts: Iterable[EventCounts], route_of: Callable[[str, str], str]) -> None:
        """Add requests of which no single one is known."""
        for each in counts:
            route = route_of(each.service, each.route)
            key = (each.at // SLOT_MICROSECONDS, each.service, each.method, route, each.code)
            cell = self.cells.get(key)
            if cell is None:
                cell = self.cells[key] = [0] * (SHORTEST + 1)
            timed = sum(each.durations.values())
            errors = each.requests if is_error(each.code) else 0
            amounts = (each.requests, errors, each.request_bytes, each.response_bytes, timed, each.duration)
            for place, amount in enumerate(amounts):
                cell[place] += amount
            cell[LONGEST] = max(cell[LONGEST], each.longest or 0)
            if each.shortest is not None:
                cell[SHORTEST] = max(cell[SHORTEST], COMPLEMENT - each.shortest)
            times = self.times.setdefault(key[:4], {})
            for duration, count in each.durations.items():
                bucket = _BUCKETS[duration]
                times[bucket] = times.get(bucket, 0) + count
            self.events += each.requests

    def add_clients(self, clients: Iterable[tuple[tuple[int, str], Mapping[str, int]]]) -> None:
        """Add clients of such requests, as privacy keeps them."""
        for key, requests in clients:
            self.clients.setdefault(key, Counter()).update(requests)


def is_error(code: int) -> bool:
    """True for a status of an error, and where there was no response."""
    return code >= FIRST_ERROR or not code


def _moved(event: Event, route: str) -> Event:
    return event if route == event.route else event._replace(route=route, path=event.path or event.route)


class _Buckets(dict[int, int]):
    """Buckets by microseconds, of times that have come up: reckoning one takes longer than finding it."""

    def __missing__(self, duration: int) -> int:
        bucket = bucket_of(max(duration, 1))
        if len(self) < MOST_BUCKETS:
            self[duration] = bucket
        return bucket


_BUCKETS = _Buckets()
