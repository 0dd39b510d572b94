"""What a machine moved by day and month, and ever: the answer of its own ledger, rolled up for many machines."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

from exporter.mirror.tables import HOST_DAYS, HOST_MONTHS
from reports.calendar.days import day_from_number, day_number
from reports.ledger.rows import NO_BYTES, Bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.mirror.ledger_rows import Row
    from exporter.mirror.tables import MirrorTable
    from reports.ledger.reader import LedgerReader

EVER = 0
"""The month that stands for all."""


def rolled_up(ledger: LedgerReader, since: int | None, number: int) -> Iterator[tuple[MirrorTable, list[Row]]]:
    """Rows of days from one on (None: all), and of the months that these are in; `number` is their posting."""
    first = date.min if since is None else day_from_number(since).replace(day=1)
    days = ledger.days(first, date.max)
    months: dict[int, Bytes] = defaultdict(lambda: NO_BYTES)
    for day, moved in days.items():
        months[month_number(day)] = months[month_number(day)].plus(moved)
    for span in ledger.spans(first, date.max):
        if month_number(span.first) == month_number(span.last):
            months[month_number(span.first)] = months[month_number(span.first)].plus(span.bytes)
    months[EVER] = ledger.lifetime()
    wanted = day_number(first) if since is None else since
    yield (
        HOST_DAYS,
        [(day_number(day), *_row(moved, number)) for day, moved in days.items() if day_number(day) >= wanted],
    )
    yield HOST_MONTHS, [(month, *_row(moved, number)) for month, moved in sorted(months.items())]


def month_number(day: date) -> int:
    """202611 of a day of November 2026."""
    return day.year * 100 + day.month


def _row(moved: Bytes, number: int) -> Row:
    return (moved.received, moved.sent, moved.estimated, number)
