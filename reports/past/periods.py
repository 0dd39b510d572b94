"""Gauges of civil periods in the past: to date at every instant, by day and by month at the end of each day; pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.periods import ONE_DAY, day_number, months

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reports.past.days import Calendar, PastInterface
    from reports.past.ticks import SampleTimes

    Columns = tuple[array[int], ...]
    Bounds = Callable[[date], Sequence[int]]

PERIODS = ("day", "week", "month", "year")
DAYS_KEPT = 31
MONTHS_KEPT = 24
"""How many finished days and how many months /metrics tells of."""


class DayEnd(NamedTuple):
    """The last instant of a day (UTC seconds; a second before midnight, or the end of the past), and the count then."""

    time: int
    day: int
    total: int


class Cell(NamedTuple):
    """A day or a month: its label, its days [first, end), and the first day that no longer tells of it."""

    text: str
    first: int
    end: int
    forgotten: int


def period_samples(
    calendar: Calendar, device: PastInterface, count: int, told: Sequence[SampleTimes]
) -> tuple[array[int], Columns]:
    """Instants, and bytes to date of each of PERIODS; a midnight has two: the day complete, and the day begun."""
    times, columns = array("q"), tuple(array("q") for _ in PERIODS)
    for ticks in told:
        end = calendar.start(ticks.day + 1)
        is_over = ticks.times[-1] == end
        inner = len(ticks.times) - is_over
        times.extend(ticks.times[:inner])
        bases = _bases(calendar, device, count, ticks.day)
        for column, base in zip(columns, bases, strict=True):
            column.extend([total - base for total in ticks.totals[:inner]])
        if is_over:
            times.extend((end - 1, end))
            begun = _bases(calendar, device, count, calendar.at(end))
            for column, *pair in zip(columns, bases, begun, strict=True):
                column.extend([ticks.totals[-1] - base for base in pair])
    return times, columns


def bounds(calendar: Calendar, moments: Sequence[int], days: Bounds) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """For each of PERIODS: the moments (UTC seconds, in order), and a bound of the period that each is in.

    `days` gives the days at whose beginnings the bounds of a day's periods are: `first_days` or `next_days`.
    """
    columns: tuple[list[int], ...] = tuple([] for _ in PERIODS)
    ends, found = 0, [0] * len(PERIODS)
    for moment in moments:
        if moment >= ends:
            day = calendar.at(moment)
            ends = calendar.start(day + 1)
            found = [calendar.start(bound) for bound in days(calendar.date(day))]
        for column, bound in zip(columns, found, strict=True):
            column.append(bound)
    return ((moments, column) for column in columns)


def day_ends(calendar: Calendar, device: PastInterface, told: Sequence[SampleTimes]) -> Iterator[DayEnd]:
    """The ends of the days, and of the past."""
    for ticks in told:
        end = calendar.start(ticks.day + 1)
        if ticks.times[-1] == end:
            yield DayEnd(end - 1, ticks.day, ticks.totals[-1])
        elif ticks.times[-1] == device.ends:
            yield DayEnd(device.ends, ticks.day, ticks.totals[-1])


def daily_cells(calendar: Calendar, device: PastInterface, ends: Sequence[DayEnd]) -> Iterator[Cell]:
    """The days that /metrics told of at these instants."""
    if ends:
        for day in range(max(device.first, ends[0].day - DAYS_KEPT), ends[-1].day + 1):
            yield Cell(calendar.date(day).isoformat(), day, day + 1, day + DAYS_KEPT + 1)


def monthly_cells(calendar: Calendar, device: PastInterface, ends: Sequence[DayEnd]) -> Iterator[Cell]:
    """The months that /metrics told of at these instants."""
    if not ends:
        return
    first = max(calendar.date(device.first), _months_later(calendar.date(ends[0].day), 1 - MONTHS_KEPT))
    for year, month in months(first, calendar.date(ends[-1].day)):
        begun = date(year, month, 1)
        later = (begun, *(_months_later(begun, number) for number in (1, MONTHS_KEPT)))
        yield Cell(f"{year:04}-{month:02}", *map(day_number, later))


def told_cells(
    device: PastInterface, count: int, cell: Cell, ends: Sequence[DayEnd]
) -> tuple[Sequence[int], Sequence[int]]:
    """The instants that tell of a cell, and its bytes at each: so far, and after its end the whole."""
    told = ends[_place(ends, cell.first) : _place(ends, cell.forgotten)]
    before = device.before(count, cell.first)
    whole = device.before(count, cell.end) - before
    return [end.time for end in told], [whole if end.day >= cell.end else end.total - before for end in told]


def _place(ends: Sequence[DayEnd], day: int) -> int:
    return bisect_left(ends, day, key=lambda end: end.day)


def _bases(calendar: Calendar, device: PastInterface, count: int, day: int) -> Sequence[int]:
    return [device.before(count, first) for first in first_days(calendar.date(day))]


def first_days(day: date) -> Sequence[int]:
    """The numbers of the days with which the day, the week, the month and the year begin."""
    monday = day - timedelta(days=day.weekday())
    return [day_number(first) for first in (day, monday, day.replace(day=1), date(day.year, 1, 1))]


def next_days(day: date) -> Sequence[int]:
    """The numbers of the days with which the next day, week, month and year begin."""
    sunday = day + timedelta(days=6 - day.weekday())
    ends = (day + ONE_DAY, sunday + ONE_DAY, _months_later(day, 1), date(day.year + 1, 1, 1))
    return [day_number(end) for end in ends]


def _months_later(day: date, count: int) -> date:
    """The first day of a month so many months after that of `day`."""
    number = day.year * 12 + day.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)
