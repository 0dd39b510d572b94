"""Days, months and times of the clock in words; pure."""

from __future__ import annotations

from calendar import day_abbr, day_name, month_abbr, month_name
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


def long_date(day: date) -> str:
    """As in "17 March 2026"."""
    return f"{day_and_month(day)} {day.year}"


def day_and_month(day: date) -> str:
    """As in "17 March"."""
    return f"{day.day} {month_name[day.month]}"


def short_date(day: date) -> str:
    """As in "17 Mar"."""
    return f"{day.day} {month_abbr[day.month]}"


def weekday_date(day: date) -> str:
    """As in "Tue 17 Mar"."""
    return f"{day_abbr[day.weekday()]} {short_date(day)}"


def long_weekday_date(day: date) -> str:
    """As in "Tue 17 Mar 2026"."""
    return f"{weekday_date(day)} {day.year}"


def full_date(day: date) -> str:
    """As in "Tuesday, 17 March 2026"."""
    return f"{day_name[day.weekday()]}, {long_date(day)}"


def month_text(day: date) -> str:
    """As in "March 2026"."""
    return f"{month_name[day.month]} {day.year}"


def minute_text(instant: str) -> str:
    """The local minute of an ISO 8601 text: "2026-03-17 04:43"."""
    return instant[:16].replace("T", " ")


def short_minute(moment: datetime) -> str:
    """As in "17 Mar 2026 04:43"."""
    return f"{short_date(moment)} {moment:%Y %H:%M}"
