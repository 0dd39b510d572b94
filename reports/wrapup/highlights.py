"""The busiest and the quietest day, the median, the longest streak and the busiest weekday of some days; pure."""

from __future__ import annotations

from datetime import date
from operator import add
from statistics import median_low
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.export.days import Days

WEEK_DAYS = 7
FEWEST_DAYS = 7  # of fewer whole days there is no median and no quietest

FEWEST_WEEKS = 3  # before weekdays are compared


class DayTotal(NamedTuple):
    """A day and its bytes, received and sent."""

    day: date
    total: int


class Streak(NamedTuple):
    """Days in a row above the median, both ends included."""

    first: date
    last: date
    days: int


class Highlights(NamedTuple):
    """Highlights of whole days: without today, and without the day on which counting began, but for the busiest.

    `median` of their bytes; None where there are too few days. `idle_days` are those without a byte.
    """

    busiest: DayTotal | None
    quietest: DayTotal | None
    median: int | None
    idle_days: int
    streak: Streak | None
    weekday: int | None
    weekday_average: int
    weekdays: Sequence[int]


def highlights(days: Days, *, begins_late: bool, ends_early: bool) -> Highlights:
    """Highlights of days; `begins_late` and `ends_early`: the first or the last day was not counted whole.

    `weekdays` are the mean bytes of each, Monday first; empty where there are too few weeks.
    """
    totals = list(map(add, days.received, days.sent))
    begin, end = int(begins_late), len(totals) - ends_early
    whole = totals[begin:end]
    is_enough = len(whole) >= FEWEST_DAYS
    median = median_low(whole) if is_enough else None
    weekdays = _weekdays(days, totals, begin, end)
    top = max(range(len(weekdays)), key=weekdays.__getitem__) if any(weekdays) else None
    return Highlights(
        busiest=_most(days, totals),
        quietest=_least(days, totals, begin, end) if is_enough else None,
        median=median,
        idle_days=whole.count(0),
        streak=_streak(days, totals, range(begin, end), median) if median else None,
        weekday=top,
        weekday_average=0 if top is None else weekdays[top],
        weekdays=weekdays,
    )


def _most(days: Days, totals: Sequence[int]) -> DayTotal | None:
    most = max(totals, default=0)
    return DayTotal(_date(days, totals.index(most)), most) if most else None


def _least(days: Days, totals: Sequence[int], begin: int, end: int) -> DayTotal | None:
    """The quietest of the days on which anything moved."""
    least = min((total for total in totals[begin:end] if total), default=0)
    return DayTotal(_date(days, totals.index(least, begin, end)), least) if least else None


def _streak(days: Days, totals: Sequence[int], whole: range, median: int) -> Streak | None:
    best, begun = range(0), whole.start
    for number in whole:
        if number > begun and _date(days, number) - _date(days, number - 1) != ONE_DAY:
            begun = number  # a day between them is not known
        if totals[number] <= median:
            begun = number + 1
        elif number + 1 - begun > len(best):
            best = range(begun, number + 1)
    if not best:
        return None
    return Streak(_date(days, best.start), _date(days, best.stop - 1), len(best))


def _weekdays(days: Days, totals: Sequence[int], begin: int, end: int) -> list[int]:
    if end - begin < WEEK_DAYS * FEWEST_WEEKS:
        return []
    columns: list[list[int]] = [[] for _ in range(WEEK_DAYS)]
    for number in range(begin, end):
        columns[_date(days, number).weekday()].append(totals[number])
    return [sum(column) // max(len(column), 1) for column in columns]


def _date(days: Days, number: int) -> date:
    return date.fromisoformat(days.dates[number])
