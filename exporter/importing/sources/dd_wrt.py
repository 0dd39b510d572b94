"""DD-WRT: the traffic of its WAN interface, as its page saves it (traffdata.bak), or lines of `nvram show`.

Facts: DD-WRT's source (ttraff.c, which counts; ttraff_backup of its web server), and backups that were published.
A line is a month: whole MiB received and sent of each of its days, then in brackets those of the month; older versions
have no brackets. A backup may end with a byte of 255, as some versions write the end of file: it is no text in UTF-8.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from exporter.importing.spans import Span, end, month, until
from exporter.ledger.past.rows import FIRST_YEAR, LAST_YEAR, ForeignFileError, Past, PastRow
from reports.calendar.days import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.importing.foreign import ForeignFile, ReadingOptions

KIND = "dd-wrt"
FILES = "DD-WRT (traffdata.bak)"
SIGNATURE = b"TRAFF-DATA"
MIB = 1 << 20
PAIR = r"\d{1,12}:\d{1,12}"
MONTH = re.compile(rf"traff-(0[1-9]|1[0-2])-(\d{{4}})=({PAIR}(?: {PAIR})*)(?: \[({PAIR})\])?", re.ASCII)
LINE = re.compile(rb"^traff-\d\d-\d{4}=", re.MULTILINE)


def claims(file: ForeignFile) -> bool:
    """True for a backup of its page, and for text with months as it keeps them."""
    return file.content.startswith(SIGNATURE) or LINE.search(file.content) is not None


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """Its days, and what a month has more than its days; raises ForeignFileError with the line and the rule."""
    rows: list[PastRow] = []
    months: set[Span] = set()
    for number, line in enumerate(file.content.decode("latin-1").splitlines(), start=1):
        if not line.startswith("traff-"):
            continue
        span, days, total = _month(line, f"{file.path}, line {number}")
        if span in months:
            raise ForeignFileError(f"{file.path}, line {number}: {line[:13]} comes twice")
        months.add(span)
        rows.extend(PastRow(options.subject(KIND), *moved) for moved in _moved(span, days))
        if total is not None and total != [sum(sides) for sides in zip(*days, strict=True)]:
            spent = until(span, file.modified, options.zone)
            rows.append(PastRow(options.subject(KIND), *spent, *(amount * MIB for amount in total)))
    if not rows:
        raise ForeignFileError(f"{file.path} has no month with traffic")
    last = max(row.last for row in rows)
    return Past(
        kind=KIND,
        identity=file.path.name,
        read_until=min(file.modified, end(last, options.zone)),
        rows=rows,
        machine=options.machine(KIND),
    )


def _month(line: str, place: str) -> tuple[Span, list[list[int]], list[int] | None]:
    """Its days, MiB received and sent of each, and of the month."""
    if (found := MONTH.fullmatch(line.strip())) is None:
        raise ForeignFileError(
            f"{place}: {line[:13]} is no month as DD-WRT keeps it: in:out of each day, then [in:out]"
        )
    year = int(found[2])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ForeignFileError(f"{place}: {year} is not of {FIRST_YEAR} to {LAST_YEAR}")
    span = month(date(year, int(found[1]), 1))
    days = [_pair(text) for text in found[3].split()]
    if len(days) != (count := (span.last - span.first).days + 1):
        raise ForeignFileError(f"{place}: {line[:13]} has {len(days)} of {count} days")
    return span, days, _pair(found[4]) if found[4] else None


def _pair(text: str) -> list[int]:
    received, sent = text.split(":")
    return [int(received), int(sent)]


def _moved(span: Span, days: Sequence[Sequence[int]]) -> Iterator[tuple[date, date, int, int]]:
    """Days on which something moved: those to come are zeros, too."""
    for number, (received, sent) in enumerate(days):
        if received or sent:
            day = span.first + number * ONE_DAY
            yield day, day, received * MIB, sent * MIB
