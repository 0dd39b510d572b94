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


SPAN_PERIODS = ("month", "year")
"""The last of PERIODS: those that an imported span is a part of."""


class DayEnd(NamedTuple):
    """The last instant of a day (UTC seconds; a second before midnight, or the end of the past), and its count.

    Spans that end before the day numbered `end` are in the count.
    """

    time: int
    day: int
    total: int
    end: int


class Cell(NamedTuple):
    """A day or a month: its label, and the numbers of its days [first, end)."""

    text: str
    first: int
    end: int


def period_samples(
    calendar: Calendar, interface: PastInterface, count: int, days: Sequence[DaySamples]
) -> Sequence[tuple[array[int], array[int]]]:
    """Instants, and bytes to date, of each of PERIODS; a midnight has two: the day complete, and the day begun.

    At the end of an imported span whose days are not known there are no bytes of the day and the week, and at its begin
    there are no bytes.
    """
    times, columns = array("q"), tuple(array("q") for _ in PERIODS)
    ends, of_spans = array("q"), tuple(array("q") for _ in SPAN_PERIODS)
    for samples in days:
        if not samples.is_known:
            if samples.times[-1] == calendar.start(samples.day + 1):
                ends.append(samples.times[-1] - 1)
                bases = _bases(calendar, interface, count, samples.day, samples.day + 1)
                for column, base in zip(of_spans, bases[-len(SPAN_PERIODS) :], strict=True):
                    column.append(samples.totals[-1] - base)
            continue
        end = calendar.start(samples.day + 1)
        is_over = samples.times[-1] == end
        inner = len(samples.times) - is_over
        times.extend(samples.times[:inner])
        bases = _bases(calendar, interface, count, samples.day, samples.day)
        for column, base in zip(columns, bases, strict=True):
            column.extend([total - base for total in samples.totals[:inner]])
        if is_over:
            times.extend((end - 1, end))
            over = _bases(calendar, interface, count, samples.day, samples.day + 1)
            begun = _bases(calendar, interface, count, calendar.at(end), samples.day + 1)
            for column, *pair in zip(columns, over, begun, strict=True):
                column.extend([samples.totals[-1] - base for base in pair])
    found = [(times, column) for column in columns]
    if ends:
        found[-len(SPAN_PERIODS) :] = [
            _merged((times, column), (ends, more))
            for column, more in zip(columns[-len(SPAN_PERIODS) :], of_spans, strict=True)
        ]
    return found


def _merged(one: tuple[array[int], array[int]], other: tuple[array[int], array[int]]) -> tuple[array[int], array[int]]:
    """Both series, in the order of time."""
    pairs = sorted([*zip(*one, strict=True), *zip(*other, strict=True)])
    return array("q", [time for time, _ in pairs]), array("q", [value for _, value in pairs])


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
            yield DayEnd(end - 1, samples.day, samples.totals[-1], samples.day + 1)
        elif samples.times[-1] == interface.ends:
            yield DayEnd(interface.ends, samples.day, samples.totals[-1], samples.day)


def history(
    calendar: Calendar, interface: PastInterface, count: int, ends: Iterator[DayEnd], label: str, length: int
) -> Mapping[str, tuple[array[int], array[int]]]:
    """Instants by date or month (`label`), and the bytes of that day or month at each, so far or complete.

    `length` is the number of finished days, or of months, at each instant.
    """
    cells = _days if label == "date" else _months
    found: dict[str, tuple[array[int], array[int]]] = {}
    known: dict[str, bool] = {}
    for time, day, total, until in ends:
        for text, first, end in cells(calendar.date(day), length):
            if text not in known:
                known[text] = interface.has(first, end)
            if known[text] and end > interface.first:
                times, values = found.setdefault(text, (array("q"), array("q")))
                times.append(time)
                cut = interface.cut(count, first, min(end, until)) if interface.spans else 0
                values.append(min(interface.before(count, end), total) - interface.before(count, first) - cut)
    return found


def _bases(calendar: Calendar, interface: PastInterface, count: int, day: int, until: int) -> Sequence[int]:
    """What the count had before each period of a day; spans that ended in it and had begun before are none of it."""
    firsts = [day_number(period.first) for period in calendar.periods(day)]
    if not interface.spans:
        return [interface.before(count, first) for first in firsts]
    return [interface.before(count, first) + interface.cut(count, first, until) for first in firsts]


def _days(today: date, length: int) -> Iterator[Cell]:
    for day in last_days(today)[-1 - length :]:
        number = day_number(day)
        yield Cell(day.isoformat(), number, number + 1)


def _months(today: date, length: int) -> Iterator[Cell]:
    for year, month in last_months(today)[-length:]:
        after = date(year + month // 12, month % 12 + 1, 1)
        yield Cell(f"{year:04}-{month:02}", day_number(date(year, month, 1)), day_number(after))
