"""Comparisons with the period before, and with the same one of the year before; of a running one, with its part."""

from __future__ import annotations

from calendar import day_name
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import FIRST_YEAR, ONE_DAY, day_of, day_start, iso, moment_on
from reports.calendar.period import Period
from reports.text.dates import day_and_month

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, timedelta
    from zoneinfo import ZoneInfo

    from reports.billing.billed_usage import BilledUsage
    from reports.ledger.reader import Bytes


class EarlierPeriod(NamedTuple):
    """Whole days before a period, both ends included, their name, and the day of the same age as today."""

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


def earlier(period: Period, today: date, zone: ZoneInfo, before: Period | None = None) -> Iterator[EarlierPeriod]:
    """Periods to compare with, the nearest first; `before` is the billing cycle before, where the period is a cycle."""
    passed = min(today, period.last) - period.first
    day_before = period.first - ONE_DAY
    if before is not None:
        yield _of_age(before, passed)
    elif period.kind == "year":
        yield _year_before(period, today, zone)
    elif period.kind == "month":
        yield _of_age(Period.month(day_before.year, day_before.month, zone), passed)
        yield _year_before(period, today, zone)
    elif period.kind == "week":
        yield _of_age(Period.week(day_before, zone), passed)
    elif period.kind == "day":
        yield EarlierPeriod("the day before", day_before, day_before, day_before)
    elif period.kind != "all" and period.first.year > FIRST_YEAR:
        yield EarlierPeriod(f"the {passed.days + 1} days before", day_before - passed, day_before, day_before)


def compare(usage: BilledUsage, period: Period, earlier: EarlierPeriod, moved: Bytes, now: int) -> Comparison | None:
    """Bytes `moved` in the period until `now` beside the same part of an earlier one; None where there is none."""
    today = day_of(now, usage.zone)
    if period.last < today:
        return Comparison(earlier.name, moved, usage.total(earlier.first, earlier.last).billed)
    if earlier.today > earlier.last:
        return None
    moment = moment_on(earlier.today, now, usage.zone)
    before = usage.until(earlier.first, moment)
    if before is not None:
        return Comparison(_until(period, earlier, moment, usage), moved, before)
    if today == period.first:
        return None
    last = earlier.today - ONE_DAY
    if usage.across([(earlier.first, last)]).total:
        return None
    name = f"{earlier.name} until {day_and_month(last)}"
    whole, whole_before = usage.total(period.first, today - ONE_DAY), usage.total(earlier.first, last)
    return Comparison(name, whole.billed, whole_before.billed, is_whole_days=True)


def is_counted(earlier: EarlierPeriod, began: int | None, usage: BilledUsage) -> bool:
    """Whether all of it came after counting began (UTC seconds), and no imported span reaches over its ends."""
    if began is None or began > day_start(earlier.first, usage.zone):
        return False
    return not usage.across([(earlier.first, earlier.last)]).total


def _of_age(period: Period, passed: timedelta) -> EarlierPeriod:
    return EarlierPeriod(period.calendar.title, period.first, period.last, period.first + passed)


def _year_before(period: Period, today: date, zone: ZoneInfo) -> EarlierPeriod:
    first, last = _same_date_before(period.first), _same_date_before(period.last)
    name = Period.days(first, last, zone).calendar.title
    return EarlierPeriod(name, first, last, _same_date_before(min(today, period.last)))


def _same_date_before(day: date) -> date:
    """The same date of the year before; 28 February for a leap day."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _until(period: Period, earlier: EarlierPeriod, moment: int, usage: BilledUsage) -> str:
    """As in "Friday until 06:26", "October 2026 until 28 October 06:26"; a moment at midnight ends the day before."""
    at = datetime.fromisoformat(iso(moment, usage.zone))
    clock, day = f"{at:%H:%M}", earlier.today
    if moment >= day_start(day + ONE_DAY, usage.zone):
        clock = "24:00"
    if period.kind == "day":
        return f"{day_name[day.weekday()]} until {clock}"
    if period.kind == "week":
        return f"{earlier.name} until {day_name[day.weekday()]} {clock}"
    return f"{earlier.name} until {day_and_month(day)} {clock}"
