"""Dates as the page writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def month_name(day: date) -> str:
    """The month of a day as "November 2025"."""
    return f"{MONTHS[day.month - 1]} {day.year}"


def short_date(day: date) -> str:
    """A day as "5 Nov"."""
    return f"{day.day} {MONTHS[day.month - 1][:3]}"


def weekday_date(day: date) -> str:
    """A day as "Wed 5 Nov"."""
    return f"{WEEKDAYS[day.weekday()]} {short_date(day)}"


def long_date(day: date) -> str:
    """A day as "Wed 5 Nov 2025"."""
    return f"{weekday_date(day)} {day.year}"
