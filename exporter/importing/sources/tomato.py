"""Tomato and what descends from it (FreshTomato, Asuswrt-Merlin): the history of rstats, as its page saves it.

Facts: Tomato's source (rstats.c). It is a struct in gzip, little-endian: an id, 62 days, the place of the newest, 12 or
25 months, the place of the newest. An entry is a date (year since 1900, month from 0, day, a byte each), and bytes
received and sent, 64 bits each; its rest is padding to 8 bytes. Months may begin on another day than the first
(rstats_offset), which the file does not say.
"""

from __future__ import annotations

import struct
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from exporter.importing.spans import Span, end, month, until
from exporter.ledger.past.rows import FIRST_YEAR, LAST_YEAR, ForeignFileError, Past, PastRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.importing.foreign import ForeignFile, ReadingOptions

KIND = "tomato"
FILES = "Tomato (rstats backup)"
ENTRY = struct.Struct("<I4xQQ")
ID_SIZE, PLACE_SIZE, DAYS = 8, 8, 62
MONTHS = {b"RS00": 12, b"RS01": 25}
"""Months that are kept, by the id."""


class StoredSpan(NamedTuple):
    """A day or a month, whose day is 0, and its bytes."""

    year: int
    month: int
    day: int
    received: int
    sent: int


def claims(file: ForeignFile) -> bool:
    """True for what begins with an id of rstats."""
    return file.content[:3] == b"RS0"


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """Its days, and its months; raises ForeignFileError with the entry and the rule."""
    rows: list[PastRow] = []
    for name, begin, count in _tables(file):
        for number, entry in _entries(file.content, begin, count):
            place = f"{file.path}: {name} {number}"
            span = _day(entry, place) if name == "day" else _month(entry, place, options.month_begins)
            span = until(span, file.modified, options.zone)
            rows.append(PastRow(options.subject(KIND), *span, entry.received, entry.sent))
    if not rows:
        raise ForeignFileError(f"{file.path} has no day and no month in it")
    last = max(row.last for row in rows)
    return Past(
        kind=KIND,
        identity=file.path.name,
        read_until=min(file.modified, end(last, options.zone)),
        rows=rows,
        machine=options.machine(KIND),
        is_exact=True,
    )


def _tables(file: ForeignFile) -> list[tuple[str, int, int]]:
    """Name, first byte and number of entries of its two tables."""
    if (months := MONTHS.get(file.content[:4])) is None:
        raise ForeignFileError(f"{file.path}: the version {file.content[:4]!r} of rstats is not known")
    begin = ID_SIZE + DAYS * ENTRY.size + PLACE_SIZE
    if len(file.content) != (size := begin + months * ENTRY.size + PLACE_SIZE):
        raise ForeignFileError(f"{file.path} is no whole history of rstats: {len(file.content)} bytes, not {size}")
    return [("day", ID_SIZE, DAYS), ("month", begin, months)]


def _entries(content: bytes, begin: int, count: int) -> Iterator[tuple[int, StoredSpan]]:
    """Those that are used, with their numbers from 1 on."""
    table = content[begin : begin + count * ENTRY.size]
    for number, (packed, received, sent) in enumerate(ENTRY.iter_unpack(table), start=1):
        if packed:
            yield number, StoredSpan(1900 + (packed >> 16), (packed >> 8 & 0xFF) + 1, packed & 0xFF, received, sent)


def _day(entry: StoredSpan, place: str) -> Span:
    try:
        day = date(min(entry.year, LAST_YEAR + 1), entry.month, entry.day)
    except ValueError as error:
        raise ForeignFileError(f"{place}: {entry.year}-{entry.month:02}-{entry.day:02} is no date") from error
    if day.year > LAST_YEAR:
        raise ForeignFileError(f"{place}: {entry.year} is not of {FIRST_YEAR} to {LAST_YEAR}")
    return Span(day, day)


def _month(entry: StoredSpan, place: str, begins: int) -> Span:
    if entry.day:
        raise ForeignFileError(f"{place}: {entry.year}-{entry.month:02}-{entry.day:02} is no month")
    return month(_day(entry._replace(day=1), place).first, begins)
