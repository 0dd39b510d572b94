"""Any stretch of time as people ask for it: a named range, or dates and instants from ... to ...; pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.periods import FIRST_YEAR, LAST_YEAR, Period, PeriodError, day_start, parse_date

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

RANGES = ("today", "week", "month", "year", "all")
"""Names of ranges; "custom" stands for `from` and `to`."""
CUSTOM = "custom"
DATE_LENGTH = 10

_INSTANT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9](:[0-9]{2}(\.[0-9]{1,6})?)?)"
    r"(?P<offset>Z|[+ -][0-9]{2}:[0-9]{2})?"
)


class Span(NamedTuple):
    """[start, end) in UTC seconds."""

    start: int
    end: int


class Asked(NamedTuple):
    """What somebody asked for, as text: a named range, or where it begins and ends; None where nothing is said."""

    range: str | None = None
    first: str | None = None
    last: str | None = None


def span(asked: Asked, today: date, began: date, zone: ZoneInfo, *, default: str) -> Span:
    """Cut what was asked for; PeriodError names the field, its value and the rule.

    `from` and `to` are dates (`to` included) or instants (`to` excluded). Without `from` it begins with `began`, the
    first day that the ledger tells of, without `to` it ends with today; without anything it is the range `default`.
    """
    if asked.range not in {None, CUSTOM, *RANGES}:
        raise PeriodError(f"range: {asked.range!r} is no range: use {', '.join(RANGES)} or {CUSTOM}")
    if asked.first is None and asked.last is None:
        if asked.range == CUSTOM:
            raise PeriodError(f"range: {CUSTOM!r} needs from and to")
        return _named(asked.range or default, today, began, zone)
    if asked.range not in {None, CUSTOM}:
        raise PeriodError(f"range: {asked.range!r} and from or to: give one of them")
    start = day_start(began, zone) if asked.first is None else _start(asked.first, zone)
    end = Period.day(today, zone).end if asked.last is None else _end(asked.last, zone)
    if end <= start:
        texts = (asked.first or began.isoformat(), asked.last or today.isoformat())
        raise PeriodError(f"from: {texts[0]!r} is not before to {texts[1]!r}: a range begins before it ends")
    return Span(start, end)


def parse_instant(text: str, zone: ZoneInfo) -> int:
    """Read an ISO 8601 instant, 1970 to 2200, to the second before it; without an offset it is local time.

    The blank that a `+` becomes in a query string is taken for one. PeriodError on anything else.
    """
    match = _INSTANT.fullmatch(text)
    if match and FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        offset = (match["offset"] or "").replace(" ", "+")
        try:
            moment = datetime.fromisoformat(f"{match['date']}T{match['time']}{offset}")
        except ValueError:
            raise PeriodError(f"{text!r} is not an instant: the calendar or the clock has none such") from None
        return int((moment if offset else moment.replace(tzinfo=zone)).timestamp() // 1)
    raise PeriodError(
        f"{text!r} is neither a date nor an instant: write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS+HH:MM, "
        f"from {FIRST_YEAR} to {LAST_YEAR}"
    )


def _named(name: str, today: date, began: date, zone: ZoneInfo) -> Span:
    if name == "all":
        return Span(day_start(min(began, today), zone), Period.day(today, zone).end)
    cut = {
        "today": lambda: Period.day(today, zone),
        "week": lambda: Period.week(today, zone),
        "month": lambda: Period.month(today.year, today.month, zone),
        "year": lambda: Period.year(today.year, zone),
    }
    period = cut[name]()
    return Span(period.start, period.end)


def _start(text: str, zone: ZoneInfo) -> int:
    try:
        return day_start(parse_date(text), zone) if _is_date(text) else parse_instant(text, zone)
    except PeriodError as error:
        raise PeriodError(f"from: {error}") from error


def _end(text: str, zone: ZoneInfo) -> int:
    try:
        return Period.day(parse_date(text), zone).end if _is_date(text) else parse_instant(text, zone)
    except PeriodError as error:
        raise PeriodError(f"to: {error}") from error


def _is_date(text: str) -> bool:
    return len(text) == DATE_LENGTH
