"""The civil periods that /metrics shows, live and backfilled: to date, finished days, and months."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from reports.calendar.days import dates
from reports.calendar.history_length import DAYS_KEPT, MONTHS_KEPT
from reports.calendar.period import Period

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

PERIODS = ("day", "week", "month", "year")
"""Periods with an amount to date."""


# A scrape needs one day again and again, a backfill ten years of them for each interface.
@lru_cache(maxsize=4096)
def periods_at(day: date, zone: ZoneInfo) -> Mapping[str, Period]:
    """Each of PERIODS that the day is in."""
    return {
        "day": Period.day(day, zone),
        "week": Period.week(day, zone),
        "month": Period.month(day.year, day.month, zone),
        "year": Period.year(day.year, zone),
    }


def last_days(today: date) -> tuple[date, ...]:
    """The finished days that are shown, oldest first, and today."""
    return tuple(dates(today - timedelta(days=DAYS_KEPT), today))


def last_months(today: date) -> tuple[tuple[int, int], ...]:
    """The months that are shown as (year, month), oldest first; the current one is the last."""
    number = today.year * 12 + today.month - 1
    return tuple((month // 12, month % 12 + 1) for month in range(number - MONTHS_KEPT + 1, number + 1))
