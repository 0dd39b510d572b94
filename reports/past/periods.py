"""Gauges of civil periods in the past: to date at each instant, by day and by month at the end of each day; pure."""

from __future__ import annotations

from array import array
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_number
from reports.calendar.history import PERIODS, last_days, last_months

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.past.day_samples import DaySamples
    from reports.past.days import Calendar, PastInterface

    Columns = tuple[array[int], ...]


class DayEnd(NamedTuple):
    """The last instant of a day (UTC seconds; a second before midnight, or the end of the past), and its count."""

    time: int
    day: int
    total: int


class Cell(NamedTuple):
    """A day or a month: its label, and the numbers of its days [first, end)."""

    text: str
    first: int
    end: int


def period_samples(
    calendar: Calendar, interface: PastInterface, count: int, days: Sequence[DaySamples]
) -> tuple[array[int], Columns]:
    """Instants, and bytes to date of each of PERIODS; a midnight has two: the day complete, and the day begun."""
    times, columns = array("q"), tuple(array("q") for _ in PERIODS)
    for samples in days:
        end = calendar.start(samples.day + 1)
        is_over = samples.times[-1] == end
        inner = len(samples.times) - is_over
        times.extend(samples.times[:inner])
        bases = _bases(calendar, interface, count, samples.day)
        for column, base in zip(columns, bases, strict=True):
            column.extend([total - base for total in samples.totals[:inner]])
        if is_over:
            times.extend((end - 1, end))
            begun = _bases(calendar, interface, count, calendar.at(end))
            for column, *pair in zip(columns, bases, begun, strict=True):
                column.extend([samples.totals[-1] - base for base in pair])
    return times, columns


def bounds(calendar: Calendar, moments: Sequence[int], name: str) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """For each of PERIODS: the moments (UTC seconds, in order), and the "start" or "end" of the period at each."""
    columns: tuple[list[int], ...] = tuple([] for _ in PERIODS)
    ends, found = 0, [0] * len(PERIODS)
    for moment in moments:
        if moment >= ends:
            day = calendar.at(moment)
            ends = calendar.start(day + 1)
            found = [getattr(period, name) for period in calendar.periods(day)]
        for column, bound in zip(columns, found, strict=True):
            column.append(bound)
    return ((moments, column) for column in columns)


def day_ends(calendar: Calendar, interface: PastInterface, days: Sequence[DaySamples]) -> Iterator[DayEnd]:
    """The ends of the days, and of the past."""
    for samples in days:
        end = calendar.start(samples.day + 1)
        if samples.times[-1] == end:
            yield DayEnd(end - 1, samples.day, samples.totals[-1])
        elif samples.times[-1] == interface.ends:
            yield DayEnd(interface.ends, samples.day, samples.totals[-1])


def history(
    calendar: Calendar, interface: PastInterface, count: int, ends: Iterator[DayEnd], label: str, length: int
) -> Mapping[str, tuple[array[int], array[int]]]:
    """Instants by date or month (`label`), and the bytes of that day or month at each, so far or complete.

    `length` is the number of finished days, or of months, at each instant.
    """
    cells = _days if label == "date" else _months
    found: dict[str, tuple[array[int], array[int]]] = {}
    for time, day, total in ends:
        for text, first, end in cells(calendar.date(day), length):
            if end > interface.first:
                times, values = found.setdefault(text, (array("q"), array("q")))
                times.append(time)
                values.append(min(interface.before(count, end), total) - interface.before(count, first))
    return found


def _bases(calendar: Calendar, interface: PastInterface, count: int, day: int) -> Sequence[int]:
    return [interface.before(count, day_number(period.first)) for period in calendar.periods(day)]


def _days(today: date, length: int) -> Iterator[Cell]:
    for day in last_days(today)[-1 - length :]:
        number = day_number(day)
        yield Cell(day.isoformat(), number, number + 1)


def _months(today: date, length: int) -> Iterator[Cell]:
    for year, month in last_months(today)[-length:]:
        after = date(year + month // 12, month % 12 + 1, 1)
        yield Cell(f"{year:04}-{month:02}", day_number(date(year, month, 1)), day_number(after))
