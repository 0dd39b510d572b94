"""What was before: the year or month before, or as many days, cut as far as the days that are told go."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.named_periods import month_of, name_period, year_before
from reports.periods import FIRST_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.ledger_reader import Bytes
    from reports.named_periods import NamedPeriod
    from reports.periods import Period

_ONE_DAY = timedelta(days=1)
FEWEST_DAYS = 7
"""An earlier stretch of which less is in the ledger is not compared."""


class Stretch(NamedTuple):
    """Days that came before, both ends included, and what people call them: "2025", "the same days of 2025"."""

    name: str
    first: date
    last: date


class Comparison(NamedTuple):
    """An earlier stretch and what it moved; `days` were counted of its `whole` days."""

    stretch: Stretch
    bytes: Bytes
    days: int

    @property
    def whole(self) -> int:
        """How many days the stretch has."""
        return (self.stretch.last - self.stretch.first).days + 1

    @property
    def is_whole(self) -> bool:
        """Whether all of it was counted, so that sums may be compared; else it is bytes a day."""
        return self.days >= self.whole

    @property
    def is_told(self) -> bool:
        """Whether enough of it is in the ledger."""
        return self.is_whole or self.days >= FEWEST_DAYS


def change(now: int, before: int) -> int | None:
    """By how many percent it is more (or less, below zero), rounded; None where there was nothing."""
    return (200 * (now - before) + before) // (2 * before) if before else None


def earlier(period: NamedPeriod, last: date, before: Period | None = None) -> Iterator[Stretch]:
    """Stretches to compare with, the nearest first; `last` is the last day that is told of the period.

    `before` is the billing cycle before, where the period is a cycle.
    """
    passed = (last - period.first).days
    if before is not None:
        yield _cut(Stretch(_cycle_name(before), before.first, before.last), passed)
    elif period.kind == "year":
        yield _until(period.first, last, period.last)
    elif period.kind == "month":
        first, end = month_of(period.first - _ONE_DAY)
        yield _cut(Stretch(name_period(first, end).title, first, end), passed)
        yield _until(period.first, last, period.last)
    elif period.kind == "day":
        day = period.first - _ONE_DAY
        yield Stretch("the day before", day, day)
    elif period.kind != "all" and period.first.year > FIRST_YEAR:
        length = passed + 1
        yield Stretch(f"the {length} days before", period.first - timedelta(days=length), period.first - _ONE_DAY)


def _until(first: date, last: date, end: date) -> Stretch:
    """The same dates of the year before."""
    begun, over = year_before(first), year_before(end)
    title = name_period(begun, over).title
    if last >= end:
        return Stretch(title, begun, over)
    return Stretch(f"the same days of {title}", begun, year_before(last))


def _cut(stretch: Stretch, passed: int) -> Stretch:
    last = stretch.first + timedelta(days=passed)
    if last >= stretch.last:
        return stretch
    return Stretch(f"the first {passed + 1} days of {stretch.name}", stretch.first, last)


def _cycle_name(before: Period) -> str:
    return name_period(before.first, before.last).title
