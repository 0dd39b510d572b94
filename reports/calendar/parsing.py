"""Years, months and dates as texts."""

from __future__ import annotations

import re
from datetime import date, datetime

from reports.calendar.days import FIRST_YEAR, LAST_YEAR
from reports.errors import QuestionError

_YEAR = re.compile("[0-9]{4}")
_MONTH = re.compile("([0-9]{4})-([0-9]{2})")
_DATE = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")
_INSTANT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9](:[0-9]{2}(\.[0-9]{1,6})?)?)"
    r"(?P<offset>Z|[+ -][0-9]{2}:[0-9]{2})?"
)


class PeriodError(QuestionError):
    """A text or number names no period; the message holds the value and the rule it breaks."""


def parse_year(text: str) -> int:
    """Read YYYY, 1970 to 2200; PeriodError on anything else."""
    if _YEAR.fullmatch(text) and FIRST_YEAR <= int(text) <= LAST_YEAR:
        return int(text)
    raise PeriodError(f"{text!r} is not a year: write YYYY, from {FIRST_YEAR} to {LAST_YEAR}")


def parse_month(text: str) -> tuple[int, int]:
    """Read YYYY-MM into (year, month), 1970 to 2200; PeriodError on anything else."""
    if match := _MONTH.fullmatch(text):
        year, month = map(int, match.groups())
        if FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12:  # noqa: PLR2004 - the months of a year
            return year, month
    raise PeriodError(f"{text!r} is not a month: write YYYY-MM, from {FIRST_YEAR}-01 to {LAST_YEAR}-12")


def parse_date(text: str) -> date:
    """Read YYYY-MM-DD, a day that the calendar has, 1970 to 2200; PeriodError on anything else."""
    # Not date.fromisoformat alone: it takes 20260230 and 2026-W09-1 too.
    if _DATE.fullmatch(text) and FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise PeriodError(f"{text!r} is not a date: the calendar has no such day") from None
    raise PeriodError(f"{text!r} is not a date: write YYYY-MM-DD, from {FIRST_YEAR}-01-01 to {LAST_YEAR}-12-31")


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant, 1970 to 2200; local time has no offset. PeriodError on anything else.

    The blank that a `+` becomes in a query string is taken for one.
    """
    match = _INSTANT.fullmatch(text)
    if match and FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        offset = (match["offset"] or "").replace(" ", "+")
        try:
            return datetime.fromisoformat(f"{match['date']}T{match['time']}{offset}")
        except ValueError:
            raise PeriodError(f"{text!r} is not an instant: the calendar or the clock has none such") from None
    raise PeriodError(
        f"{text!r} is neither a date nor an instant: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS+HH:MM, "
        f"from {FIRST_YEAR} to {LAST_YEAR}"
    )
