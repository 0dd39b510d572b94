"""What was before: the year or month before, or as many days; of a period that runs, as much of it as has passed."""

from __future__ import annotations

from calendar import day_name, month_name
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.names import month_of, name_period, year_before
from reports.calendar.periods import FIRST_YEAR, ONE_DAY, Period, day_of, day_start, iso, moment_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from reports.billing.billed_usage import BilledUsage
    from reports.calendar.names import NamedPeriod
    from reports.ledger.reader import Bytes


class Stretch(NamedTuple):
    """Whole days that came before, both ends included, what people call them, and which of them was today's like."""

    name: str
    first: date
    last: date
    today: date


class Comparison(NamedTuple):
    """Two parts of equal age: what the period has moved, and what the one before had, by the name of that part.

    `is_whole_days`: today is left out of both, since the quarter hours of its like are no longer kept.
    """

    name: str
    bytes: Bytes
    before: Bytes
    is_whole_days: bool = False


def change(now: int, before: int) -> int | None:
    """By how many percent it is more (or less, below zero), rounded; None where there was nothing."""
    return (200 * (now - before) + before) // (2 * before) if before else None


def earlier(period: NamedPeriod, today: date, before: Period | None = None) -> Iterator[Stretch]:
    """Stretches to compare with, the nearest first; of one that runs, `today` is the last day that is told.

    `before` is the billing cycle before, where the period is a cycle.
    """
    passed = min(today, period.last) - period.first
    if before is not None:
        yield _named(before.first, before.last, before.first + passed)
    elif period.kind == "year":
        yield _year_before(period, today)
    elif period.kind == "month":
        first, last = month_of(period.first - ONE_DAY)
        yield _named(first, last, first + passed)
        yield _year_before(period, today)
    elif period.kind == "week":
        first = period.first - timedelta(days=7)
        yield _named(first, period.first - ONE_DAY, first + passed)
    elif period.kind == "day":
        day = period.first - ONE_DAY
        yield Stretch("the day before", day, day, day)
    elif period.kind != "all" and period.first.year > FIRST_YEAR:
        first, last = period.first - passed - ONE_DAY, period.first - ONE_DAY
        yield Stretch(f"the {passed.days + 1} days before", first, last, last)


def compare(usage: BilledUsage, period: NamedPeriod, stretch: Stretch, moved: Bytes, now: int) -> Comparison | None:
    """Compare what the period has `moved` until `now` with the same part of a stretch; None where there is none."""
    today = day_of(now, usage.zone)
    if period.last < today:
        return Comparison(stretch.name, moved, usage.total(stretch.first, stretch.last).billed)
    if stretch.today > stretch.last:
        return None
    moment = moment_on(stretch.today, now, usage.zone)
    before = usage.until(stretch.first, moment)
    if before is not None:
        return Comparison(_until(period, stretch, moment, usage), moved, before)
    if today == period.first:
        return None
    last = stretch.today - ONE_DAY
    name = f"{stretch.name} until {last.day} {month_name[last.month]}"
    whole, whole_before = usage.total(period.first, today - ONE_DAY), usage.total(stretch.first, last)
    return Comparison(name, whole.billed, whole_before.billed, is_whole_days=True)


def is_counted(stretch: Stretch, began: int | None, usage: BilledUsage) -> bool:
    """Whether all of it came after counting began (UTC seconds)."""
    return began is not None and began <= day_start(stretch.first, usage.zone)


def _named(first: date, last: date, today: date) -> Stretch:
    return Stretch(name_period(first, last).title, first, last, today)


def _year_before(period: NamedPeriod, today: date) -> Stretch:
    return _named(year_before(period.first), year_before(period.last), year_before(min(today, period.last)))


def _until(period: NamedPeriod, stretch: Stretch, moment: int, usage: BilledUsage) -> str:
    """As in "Friday until 06:26", "October 2026 until 28 October 06:26"; a moment at midnight ends the day before."""
    at = datetime.fromisoformat(iso(moment, usage.zone))
    clock, day = f"{at:%H:%M}", stretch.today
    if moment >= day_start(day + ONE_DAY, usage.zone):
        clock = "24:00"
    if period.kind == "day":
        return f"{day_name[day.weekday()]} until {clock}"
    if period.kind == "week":
        return f"{stretch.name} until {day_name[day.weekday()]} {clock}"
    return f"{stretch.name} until {day.day} {month_name[day.month]} {clock}"
