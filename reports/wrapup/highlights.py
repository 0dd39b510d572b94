"""What stands out among days: the busiest, the quietest, the usual, the longest streak, the weekday; pure."""

from __future__ import annotations

from datetime import date
from operator import add
from statistics import median_low
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.export.days import Days

WEEK_DAYS = 7
FEWEST_DAYS = 7
"""Of fewer whole days nothing is usual, and none is the quietest."""

FEWEST_WEEKS = 3
"""Weekdays are compared once each has come that often."""


class Standout(NamedTuple):
    """A day, and all its bytes."""

    day: date
    total: int


class Streak(NamedTuple):
    """Days in a row that each moved more than a usual one, both ends included."""

    first: date
    last: date
    days: int


class Highlights(NamedTuple):
    """Of whole days only: the first one, if counting began on it, and today are left out, but for the busiest.

    `usual` is the median of their bytes. None where there are too few of them to say; `idle` are days without a byte.
    """

    busiest: Standout | None
    quietest: Standout | None
    usual: int | None
    idle: int
    streak: Streak | None
    weekday: int | None
    weekday_average: int
    weekdays: Sequence[int]


def highlights(days: Days, *, begins_late: bool, ends_early: bool) -> Highlights:
    """Find them; `begins_late` and `ends_early` say that the first or last day was not counted whole.

    `weekdays` are the mean bytes of each, Monday first; empty where there are too few weeks.
    """
    totals = list(map(add, days.received, days.sent))
    begin, end = int(begins_late), len(totals) - ends_early
    whole = totals[begin:end]
    is_enough = len(whole) >= FEWEST_DAYS
    usual = median_low(whole) if is_enough else None
    weekdays = _weekdays(days, totals, begin, end)
    top = max(range(len(weekdays)), key=weekdays.__getitem__) if any(weekdays) else None
    return Highlights(
        busiest=_most(days, totals),
        quietest=_least(days, totals, begin, end) if is_enough else None,
        usual=usual,
        idle=whole.count(0),
        streak=_streak(days, totals, range(begin, end), usual) if usual else None,
        weekday=top,
        weekday_average=0 if top is None else weekdays[top],
        weekdays=weekdays,
    )


def _most(days: Days, totals: Sequence[int]) -> Standout | None:
    most = max(totals, default=0)
    return Standout(_date(days, totals.index(most)), most) if most else None


def _least(days: Days, totals: Sequence[int], begin: int, end: int) -> Standout | None:
    """The quietest of the days on which anything moved."""
    least = min((total for total in totals[begin:end] if total), default=0)
    return Standout(_date(days, totals.index(least, begin, end)), least) if least else None


def _streak(days: Days, totals: Sequence[int], whole: range, usual: int) -> Streak | None:
    best, begun = range(0), whole.start
    for number in whole:
        if totals[number] <= usual:
            begun = number + 1
        elif number + 1 - begun > len(best):
            best = range(begun, number + 1)
    if not best:
        return None
    return Streak(_date(days, best.start), _date(days, best.stop - 1), len(best))


def _weekdays(days: Days, totals: Sequence[int], begin: int, end: int) -> list[int]:
    if end - begin < WEEK_DAYS * FEWEST_WEEKS:
        return []
    first = _date(days, begin).weekday()
    places = [begin + (weekday - first) % WEEK_DAYS for weekday in range(WEEK_DAYS)]
    columns = [totals[place:end:WEEK_DAYS] for place in places]
    return [sum(column) // len(column) for column in columns]


def _date(days: Days, number: int) -> date:
    return date.fromisoformat(days.dates[number])
