"""Lines of a log added up at once: of the past, requests by slot are wanted, and no single one.

To make an event of every line, and to add these up, takes twice as long.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.meters.requests.events import EventCounts
from exporter.meters.requests.logs.formats import fields
from exporter.meters.requests.logs.formats.fields import LineError
from exporter.meters.requests.logs.formats.patterns import NO_CODE
from exporter.meters.requests.tally import SLOT_MICROSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from exporter.meters.requests.events import Event
    from exporter.meters.requests.logs.formats.named import LogFormat
    from exporter.meters.requests.logs.formats.patterns import TextReader

VARIED = re.compile(rb"(?<=/)[0-9]+(?=[/?# ]|$)|(?<=\?)[^ ]+")
"""Segments that become {id}, and queries: with these as one number, request lines of a route are one."""

REQUESTS, SENT, RECEIVED, DURATIONS = range(4)
"""Places in a cell."""

Clients = dict[tuple[int, str], dict[str, int]]
"""Requests by client's address, by slot (number since 1970) and service."""


class AddedLines(NamedTuple):
    """What lines bring: counts of requests, their clients, and the lines that are none.

    A fault is the number of a line (from 0, of those given), and the reason.
    """

    counts: list[EventCounts]
    clients: Clients
    faults: list[tuple[int, str]]


def add_lines(lines: Iterable[bytes], log_format: LogFormat, service: str) -> AddedLines:
    """Add up lines without their ends; empty ones are passed over."""
    if log_format.texts is not None:
        return _add_texts(lines, log_format.texts, service)
    return _add_events(lines, log_format.reader(service), service)


def _add_texts(lines: Iterable[bytes], reader: TextReader, service: str) -> AddedLines:  # noqa: C901, PLR0912 - calls take time
    texts_of, at_of, duration_of = reader
    codes, size_of, varied = fields.CODES, fields.size_of, VARIED.sub
    slots: dict[int, tuple[dict[tuple[bytes, int], list[Any]], dict[bytes, int]]] = {}
    faults: list[tuple[int, str]] = []
    known: dict[bytes, bytes] = {}
    last, slot = b"", -1
    for number, line in enumerate(lines):
        try:
            time, request, code, duration, received, sent, client, _, _ = texts_of(line)
            if time != last:
                found = at_of(time) // SLOT_MICROSECONDS
                last = time
                if found != slot:
                    cells, clients = slots.setdefault(found, ({}, {}))
                    slot = found
            status = codes.get(code)
            if status is None:
                raise LineError(NO_CODE)  # noqa: TRY301 - as above
            size, got = size_of(sent), size_of(received) if received else 0
        except LineError as error:
            if line:
                faults.append((number, str(error)))
            continue
        plain = known.get(request)
        if plain is None:
            if len(known) > fields.REMEMBERED:
                known.clear()
            plain = known[request] = varied(b"0", request)
        cell = cells.get((plain, status))
        if cell is None:
            cell = cells[plain, status] = [0, 0, 0, {}]
        cell[0] += 1
        cell[1] += size
        if got:
            cell[2] += got
        if duration:
            cell[3][duration] = cell[3].get(duration, 0) + 1
        clients[client] = clients.get(client, 0) + 1
    added = AddedLines([], {}, faults)
    for slot, (cells, clients) in slots.items():
        for cell in cells.values():
            cell[DURATIONS] = _read_durations(cell[DURATIONS], duration_of)
        _put(added, slot, service, cells, clients)
    return added


def _read_durations(texts: Mapping[bytes, int], duration_of: Callable[[bytes], int | None] | None) -> dict[int, int]:
    found: dict[int, int] = {}
    for text, count in texts.items() if duration_of else ():
        duration = duration_of(text)  # type: ignore[misc]  # there is one
        if duration is not None:
            found[duration] = found.get(duration, 0) + count
    return found


def _put(
    added: AddedLines,
    slot: int,
    service: str,
    cells: Mapping[tuple[bytes, int], list[Any]],
    clients: Mapping[bytes, int],
) -> None:
    """The requests of one slot, by route; its clients by address."""
    at = slot * SLOT_MICROSECONDS
    routes: dict[tuple[str, str, int], list[Any]] = {}
    for (request, status), cell in cells.items():
        method, route, _ = fields.asked(request)
        held = routes.setdefault((method, route, status), cell)
        if held is not cell:
            _merge(held, cell)
    added.counts.extend(_counts(service, at, key, cell) for key, cell in routes.items())
    asked: dict[str, int] = {}
    for text, count in clients.items():
        client = fields.client_of(text)
        if client:
            asked[client] = asked.get(client, 0) + count
    if asked:
        added.clients[slot, service] = asked


def _counts(service: str, at: int, key: tuple[str, str, int], cell: list[Any]) -> EventCounts:
    requests, sent, received, durations = cell
    method, route, status = key
    total = sum(duration * count for duration, count in durations.items())
    ends = (min(durations), max(durations)) if durations else (None, None)
    return EventCounts(service, at, method, route, status, requests, received, sent, total, durations, *ends)


def _merge(held: list[Any], cell: list[Any]) -> None:
    for place in (REQUESTS, SENT, RECEIVED):
        held[place] += cell[place]
    for duration, count in cell[DURATIONS].items():
        held[DURATIONS][duration] = held[DURATIONS].get(duration, 0) + count


def _add_events(lines: Iterable[bytes], read: Callable[[bytes], Event], service: str) -> AddedLines:
    """The same of a format without texts."""
    slots: dict[int, dict[tuple[str, str, int], list[Any]]] = {}
    added = AddedLines([], {}, [])
    for number, line in enumerate(lines):
        try:
            event = read(line)
        except LineError as error:
            if line:
                added.faults.append((number, str(error)))
            continue
        slot = event.at // SLOT_MICROSECONDS
        cells = slots.setdefault(slot, {})
        cell = cells.setdefault((event.method, event.route, event.code), [0, 0, 0, {}])
        _merge(
            cell, [1, event.response_bytes, event.request_bytes, {} if event.duration is None else {event.duration: 1}]
        )
        if event.client:
            asked = added.clients.setdefault((slot, service), {})
            asked[event.client] = asked.get(event.client, 0) + 1
    for slot, cells in slots.items():
        at = slot * SLOT_MICROSECONDS
        added.counts.extend(_counts(service, at, key, cell) for key, cell in cells.items())
    return added
