"""Periods as queries and commands name them; each text is parsed once, into a value of this module."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, Self

from reports.calendar.days import FIRST_DAY, day_of, day_start
from reports.calendar.parsing import PeriodError, parse_date, parse_instant, parse_month, parse_year
from reports.calendar.period import Period

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

RANGES = ("today", "week", "month", "year", "all")
CUSTOM = "custom"
"""The range that `from` and `to` bound."""

CURRENT, LAST = CYCLES = ("current", "last")

_DATE_LENGTH = len("2026-08-01")


class IsoYear(int):
    """A calendar year, from YYYY."""

    def __new__(cls, text: str) -> Self:
        """Parse it; PeriodError on anything else."""
        return super().__new__(cls, parse_year(text))


class IsoMonth(tuple[int, int]):
    """A calendar month as (year, month), from YYYY-MM."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Parse it; PeriodError on anything else."""
        return super().__new__(cls, parse_month(text))


class Bound:
    """Where a range begins or ends: a local day, or an ISO 8601 instant, which is local time without an offset."""

    def __init__(self, text: str) -> None:
        """Parse it; PeriodError on anything else."""
        self._text, self.at = text, self._parse(text)

    def start(self, zone: ZoneInfo) -> int:
        """The first second of the range, in UTC seconds."""
        return _seconds(self.at, zone) if isinstance(self.at, datetime) else day_start(self.at, zone)

    def end(self, zone: ZoneInfo) -> int:
        """The second after the last of the range: a day is included, an instant is not."""
        return _seconds(self.at, zone) if isinstance(self.at, datetime) else Period.day(self.at, zone).end

    def __str__(self) -> str:
        return self._text

    @staticmethod
    def _parse(text: str) -> date:
        return parse_date(text) if len(text) == _DATE_LENGTH else parse_instant(text)


class IsoDate(Bound):
    """A local day, from YYYY-MM-DD."""

    @staticmethod
    def _parse(text: str) -> date:
        return parse_date(text)


class PeriodRequest(NamedTuple):
    """A period that a query or a command names: a range or its bounds, a year, a month, or a cycle of a plan."""

    range: str | None = None
    first: Bound | None = None
    last: Bound | None = None
    year: IsoYear | None = None
    month: IsoMonth | None = None
    cycle: str | None = None

    def require_one(self) -> None:
        """Raise PeriodError where it names two periods, or a range or a cycle that does not exist."""
        names = ("year", "month", "cycle")
        given = [name for name, value in zip(names, self[3:], strict=True) if value is not None]
        if self[:3] != (None, None, None):
            given.append("range, from or to")
        if len(given) > 1:
            raise PeriodError(f"{given[0]}: not together with {given[1]}; give one period")
        if self.cycle not in {None, *CYCLES}:
            raise PeriodError(f"cycle: {self.cycle!r} is no cycle: use {' or '.join(CYCLES)}")
        if self.range not in {None, CUSTOM, *RANGES}:
            raise PeriodError(f"range: {self.range!r} is no range: use {', '.join(RANGES)} or {CUSTOM}")

    def period(self, today: date, zone: ZoneInfo, default: str, began: date = FIRST_DAY) -> Period:
        """Cut the period; `default` is the range without any. PeriodError names the field, its value and the rule.

        Without `from` it begins with `began`, without `to` it ends with today. A cycle is its plan's to cut.
        """
        self.require_one()
        if self.year is not None:
            return Period.year(self.year, zone)
        if self.month is not None:
            return Period.month(*self.month, zone)
        if self.first is None and self.last is None:
            if self.range == CUSTOM:
                raise PeriodError(f"range: {CUSTOM!r} needs from and to")
            return _named(self.range or default, today, zone, began)
        if self.range not in {None, CUSTOM}:
            raise PeriodError(f"range: {self.range!r} and from or to: give one of them")
        start = day_start(began, zone) if self.first is None else self.first.start(zone)
        end = Period.day(today, zone).end if self.last is None else self.last.end(zone)
        if end <= start:
            bounds = f"from: '{self.first or began}' is not before to '{self.last or today}'"
            raise PeriodError(f"{bounds}: a range begins before it ends")
        return Period("range", day_of(start, zone), day_of(end - 1, zone), start, end)


def _seconds(moment: datetime, zone: ZoneInfo) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() // 1)


def _named(name: str, today: date, zone: ZoneInfo, began: date) -> Period:
    match name:
        case "today":
            return Period.day(today, zone)
        case "week":
            return Period.week(today, zone)
        case "month":
            return Period.month(today.year, today.month, zone)
        case "year":
            return Period.year(today.year, zone)
        case _:
            return Period.until(today, zone, min(began, today))
