"""Lines of a log added up at once: of the past, requests by slot are wanted, and no single one.

To make an event of every line, and to add these up, takes twice as long.
"""

from __future__ import annotations

import re
from collections import defaultdict
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

VARIED = re.compile(rb"(?<=/)[0-9]+(?=[/?#]|$)|(?<=\?)[^ ]+")
"""Segments that become {id}, and queries: with these as one number, request lines of a route are one.

A space within a path is a part of its segment.
"""

DIGITS = re.compile(rb"[0-9]")
ZEROS = bytes(ord("0") if chr(byte).isdecimal() else byte for byte in range(256))
"""Makes every digit 0, in a twentieth of the time that VARIED takes."""

REQUESTS, SENT, RECEIVED, DURATIONS = range(4)
"""Places in a cell."""


class AddedLines(NamedTuple):
    """What lines bring: counts of requests, their clients, and the lines that are none.

    A fault is the number of a line (from 0, of those given), and the reason.
    """

    counts: list[EventCounts]
    clients: dict[tuple[int, str], dict[str, int]]
    faults: list[tuple[int, str]]


def add_lines(lines: Iterable[bytes], log_format: LogFormat, service: str) -> AddedLines:
    """Add up lines without their ends; empty ones are passed over."""
    if log_format.texts is not None:
        return _add_texts(lines, log_format.texts, service)
    return _add_events(lines, log_format.reader(service), service)


def _add_texts(lines: Iterable[bytes], reader: TextReader, service: str) -> AddedLines:  # noqa: C901 - calls take time
    texts_of, at_of, duration_of = reader
    size_of, safe, zeros, alike = fields.size_of, fields.SAFE_DIGITS, ZEROS, AlikeRequests()
    known_as = alike.by_zeros.get
    slots: dict[int, tuple[dict[tuple[bytes, bytes], list[Any]], dict[bytes, int]]] = {}
    faults: list[tuple[int, str]] = []
    last, last_zone, slot = b"", b"", -1
    for number, line in enumerate(lines):
        try:
            time, zone, request, code, duration, received, sent, client, _, _ = texts_of(line)
            if time != last or zone != last_zone:
                found = at_of(time, zone) // SLOT_MICROSECONDS
                last, last_zone = time, zone
                if found != slot:
                    cells, clients = slots.setdefault(found, ({}, defaultdict(int)))
                    slot = found
            plain = known_as(request.translate(zeros)) or alike.plain(request)
            cell = cells.get((plain, code))
            if cell is None:
                cell = cells[plain, code] = _new_cell(code)
            size = int(sent) if sent.isdigit() and len(sent) < safe else size_of(sent)
            got = size_of(received) if received else 0
        except LineError as error:
            if line:
                faults.append((number, str(error)))
            continue
        cell[0] += 1
        cell[1] += size
        if got:
            cell[2] += got
        if duration:
            cell[3][duration] = cell[3].get(duration, 0) + 1
        clients[client] += 1
    added = AddedLines([], {}, faults)
    for slot, (cells, clients) in slots.items():
        for cell in cells.values():
            cell[DURATIONS] = _read_durations(cell[DURATIONS], duration_of)
        _put(added, slot, service, cells, clients)
    return added


def _new_cell(code: bytes) -> list[Any]:
    if code not in fields.CODES:
        raise LineError(NO_CODE)
    return [0, 0, 0, {}]


class AlikeRequests:
    """Request lines as one for all that differ in segments that become {id}, and in queries, only."""

    def __init__(self) -> None:
        """Remember none."""
        self.by_zeros: dict[bytes, bytes] = {}
        """The line for all that are the same with zeros for digits; those with other digits that count are not here."""
        self._others: dict[bytes, bytes] = {}

    def plain(self, request: bytes) -> bytes:
        """The line that stands for a request line which `by_zeros` does not have."""
        plain = self._others.get(request)
        if plain is None:
            known, key = self._others, request
            target, space, version = request.rpartition(b" ")
            if not version.startswith(b"HTTP/"):
                target, space, version = request, b"", b""
            if not DIGITS.search(VARIED.sub(b"", target)):
                known, key = self.by_zeros, request.translate(ZEROS)
            if len(known) > fields.REMEMBERED:
                known.clear()
            plain = known[key] = VARIED.sub(b"0", target) + space + version
        return plain


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
    cells: Mapping[tuple[bytes, bytes], list[Any]],
    clients: Mapping[bytes, int],
) -> None:
    """The requests of one slot, by route; its clients by address."""
    at = slot * SLOT_MICROSECONDS
    routes: dict[tuple[str, str, int], list[Any]] = {}
    for (request, code), cell in cells.items():
        if not cell[REQUESTS]:
            continue  # its only line was none
        method, route, _ = fields.asked(request)
        held = routes.setdefault((method, route, fields.CODES[code]), cell)
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
