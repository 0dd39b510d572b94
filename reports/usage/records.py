"""Records: the busiest days, week, month and hour of day, and the highest speeds, each with its date."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from heapq import nlargest
from itertools import accumulate, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import HOUR_SECONDS, Span, day_from_number, day_number, day_of, day_start, months
from reports.calendar.offsets import offset_spans
from reports.calendar.period import Period
from reports.ledger.amounts import by_dimension, by_time, every_day, local_days
from reports.ledger.imported import imported
from reports.ledger.intervals import SLOTS, by_step, first_day
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import add_up
from reports.ledger.selection import MACHINE
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

TOP_DAYS = 10
RECENT_DAYS = 28
"""The hour of day is of four whole weeks: each weekday weighs the same, and all older hours need not be read."""

HOURS = 24
_DAYS_TO_MONDAY = 3
"""1970 began on a Thursday: that many days after a Monday."""


class Busiest(NamedTuple):
    """The day, ISO week or calendar month (it may be running) with the most bytes, and the imported part of them."""

    period: Period
    bytes: Bytes
    imported: Bytes = NO_BYTES


class BusiestHour(NamedTuple):
    """The local hour of day (0 to 23) with the most bytes over the days `first` to `last`, and all its bytes."""

    hour: int
    first: date
    last: date
    bytes: Bytes


class Peak(NamedTuple):
    """The highest speed (bytes per second) of one interface, and the first day on which it had it."""

    speed: int
    day: date
    device: str


class Peaks(NamedTuple):
    """Highest speeds, None where none is known; of both directions together they need not coincide."""

    received: Peak | None
    sent: Peak | None
    total: Peak | None


class Records(NamedTuple):
    """Records of everything since `since`; the earlier one of equals; None, and no days, without traffic."""

    since: date | None
    days: list[Busiest]
    week: Busiest | None
    month: Busiest | None
    hour: BusiestHour | None
    peaks: Peaks


_Day = tuple[int, ...]
"""Number of a day since 1970, its bytes both ways, its highest speeds; no class, since ten years have 3,652 of them."""


def records(ledger: LedgerReader, now: float, selection: Selection = MACHINE) -> Records:
    """The records of a selection, unposted rows included."""
    zone, days = ledger.zone, _days(ledger, selection)
    top = nlargest(TOP_DAYS, (day for day in days if day[1]), key=itemgetter(1))
    week, month = _first_of_busiest(days, _mondays(days)), _busiest_month(ledger, days, selection)
    return Records(
        first_day(ledger, selection),
        [_busiest(ledger, Period.day(day_from_number(day[0]), zone), selection) for day in top],
        None if week is None else _busiest(ledger, Period.week(week, zone), selection),
        None if month is None else _busiest(ledger, Period.month(month.year, month.month, zone), selection),
        _busiest_hour(ledger, now, selection),
        Peaks(*(_peak(ledger, days, side, selection) for side in range(len(INTERFACE.peaks)))),
    )


def _days(ledger: LedgerReader, selection: Selection) -> list[_Day]:
    columns = (*selection.byte_columns[:2], *INTERFACE.peaks)
    found = by_time(ledger, every_day(selection), columns)
    return [(day, sum(amounts[:2]), *amounts[2:]) for day, amounts in sorted(found.items())]


def _mondays(days: list[_Day]) -> Sequence[int]:
    """The numbers of the days with which the weeks begin."""
    if not days:
        return ()
    return range(days[0][0] - (days[0][0] + _DAYS_TO_MONDAY) % 7, days[-1][0] + 1, 7)


def _firsts(days: list[_Day]) -> Sequence[int]:
    """The numbers of the days with which the months begin."""
    if not days:
        return ()
    found = months(day_from_number(days[0][0]), day_from_number(days[-1][0]))
    return [day_number(date(year, month, 1)) for year, month in found]


def _first_of_busiest(days: list[_Day], firsts: Sequence[int]) -> date | None:
    """The first day of the part with the most bytes, of parts that begin with these days; None without traffic."""
    numbers = [day[0] for day in days]
    running = [0, *accumulate(day[1] for day in days)]
    places = [*(bisect_left(numbers, first) for first in firsts), len(days)]
    sums = [running[end] - running[begin] for begin, end in pairwise(places)]
    most = max(sums, default=0)
    return day_from_number(firsts[sums.index(most)]) if most else None


def _busiest_month(ledger: LedgerReader, days: list[_Day], selection: Selection) -> date | None:
    """The first day of the month with the most bytes; imported spans within a month count as its first day does."""
    found = [
        (day_number(span.first.replace(day=1)), span.bytes.total)
        for span in ledger.spans(date.min, date.max, selection)
        if (span.first.year, span.first.month) == (span.last.year, span.last.month)
    ]
    every = sorted([*(day[:2] for day in days), *found])
    return _first_of_busiest(every, _firsts(every))


def _busiest(ledger: LedgerReader, period: Period, selection: Selection) -> Busiest:
    brought = imported(ledger, period.first, period.last, selection)
    used = ledger.days(period.first, period.last, selection)
    return Busiest(period, add_up([*used.values(), *(span.bytes for span in brought.spans)]), brought.total)


def _busiest_hour(ledger: LedgerReader, now: float, selection: Selection) -> BusiestHour | None:
    zone = ledger.zone
    last = day_of(int(now), zone)
    first = max(last - timedelta(days=RECENT_DAYS - 1), min(first_day(ledger, selection) or last, last))
    sums = [NO_BYTES] * HOURS
    for each in offset_spans(day_start(first, zone), Period.day(last, zone).end, zone):
        part = Span(each.start, each.end)
        found = by_step(ledger, SLOTS, part, HOUR_SECONDS, selection, shift=each.offset, cycle=HOURS)
        for hour, used in found.items():
            sums[hour] = sums[hour].plus(used)
    hour = max(range(HOURS), key=lambda number: sums[number].total)
    return BusiestHour(hour, first, last, sums[hour]) if sums[hour].total else None


def _peak(ledger: LedgerReader, days: list[_Day], side: int, selection: Selection) -> Peak | None:
    place = 2 + side
    day = max(days, key=itemgetter(place), default=None)
    if day is None or not day[place]:
        return None
    date_of, speed = day_from_number(day[0]), day[place]
    found = by_dimension(ledger, local_days(selection, date_of, date_of), (INTERFACE.peaks[side],), ("device",))
    return Peak(speed, date_of, min(device for (device,), amounts in found.items() if amounts[0] == speed))
