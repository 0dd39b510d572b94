"""Days, weeks, months, years and billing cycles of a zone."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from reports.calendar.days import FIRST_DAY, ONE_DAY, Span, day_start
from reports.calendar.parsing import PeriodError
from reports.text.dates import day_and_month, long_date, month_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Kind: TypeAlias = Literal["day", "week", "month", "year", "cycle", "range", "all"]


class Period(NamedTuple):
    """Local days from `first` to `last`, both included, cut to the UTC seconds [`start`, `end`).

    A range of instants begins and ends within them. What has no first day of its own begins with `FIRST_DAY`.
    """

    kind: Kind
    first: date
    last: date
    start: int
    end: int

    @property
    def span(self) -> Span:
        """Its start and end."""
        return Span(self.start, self.end)

    @property
    def name(self) -> str:
        """As ISO 8601 writes it: "2026-08-05", "2026-W32", "2026-08", "2026", "2026-01-15 to 2026-02-14"."""
        match self.kind:
            case "year":
                return f"{self.first.year:04}"
            case "month":
                return self.first.isoformat()[: len("2026-08")]
            case "week":
                year, week, _ = self.first.isocalendar()
                return f"{year:04}-W{week:02}"
            case "day":
                return self.first.isoformat()
            case _:
                return f"{self.first} to {self.last}"

    @property
    def code(self) -> str:
        """The name in that of a file: "2026", "2026-11", "2026-10-07_2026-11-06"."""
        return self.name.replace(" to ", "_")

    @property
    def title(self) -> str:
        """In words: "2026", "November 2026", "7 October to 6 November 2026"."""
        first, last = self.first, self.last
        match self.kind:
            case "year":
                return str(first.year)
            case "month":
                return month_text(first)
            case "week":
                year, week, _ = first.isocalendar()
                return f"week {week} of {year}"
            case "day":
                return long_date(first)
            case "all":
                return f"{month_text(first)} until today"
            case _:
                start = day_and_month(first) if first.year == last.year else long_date(first)
                return f"{start} to {long_date(last)}"

    @property
    def within(self) -> str:
        """In a sentence: "in 2026", "on 3 May 2026", "since 3 May 2019"."""
        match self.kind:
            case "all":
                return f"since {long_date(self.first)}"
            case "range" | "cycle":
                return f"from {self.title}"
            case "day":
                return f"on {self.title}"
            case _:
                return f"in {self.title}"

    @property
    def calendar(self) -> Period:
        """The day, week, month or year of the same days, where they are one; else itself."""
        first, last = self.first, self.last
        if self.kind not in {"range", "cycle"}:
            return self
        if first == last:
            return self._replace(kind="day")
        if (first, last) == (date(first.year, 1, 1), date(first.year, 12, 31)):
            return self._replace(kind="year")
        if first.day == 1 and last == _last_of_month(first.year, first.month):
            return self._replace(kind="month")
        if first.weekday() == 0 and last - first == 6 * ONE_DAY:
            return self._replace(kind="week")
        return self

    def since(self, day: date, zone: ZoneInfo) -> Period:
        """The same from `day` on, where it begins with `FIRST_DAY`."""
        if self.first > FIRST_DAY or day > self.last:
            return self
        return self._replace(first=day, start=day_start(day, zone))

    @classmethod
    def day(cls, d: date, zone: ZoneInfo) -> Period:
        """Cut one local day, usually 24 h long, where the clock changes 23 or 25 h."""
        return _cut("day", d, d, zone)

    @classmethod
    def week(cls, d: date, zone: ZoneInfo) -> Period:
        """Cut the ISO week, Monday to Sunday, that contains `d`."""
        monday = d - d.weekday() * ONE_DAY
        return _cut("week", monday, monday + 6 * ONE_DAY, zone)

    @classmethod
    def month(cls, year: int, month: int, zone: ZoneInfo) -> Period:
        """Cut one calendar month; ValueError where there is no such month."""
        return _cut("month", date(year, month, 1), _last_of_month(year, month), zone)

    @classmethod
    def year(cls, year: int, zone: ZoneInfo) -> Period:
        """Cut one calendar year."""
        return _cut("year", date(year, 1, 1), date(year, 12, 31), zone)

    @classmethod
    def cycle(cls, d: date, cycle_day: int, zone: ZoneInfo) -> Period:
        """Cut the billing cycle that contains `d`.

        Cycles begin on `cycle_day` (1 to 31) of each month, or on the last day of a month that lacks it;
        PeriodError for any other cycle day.
        """
        if not 1 <= cycle_day <= 31:  # noqa: PLR2004 - the days of a month
            raise PeriodError(f"{cycle_day} is not a cycle day: it must be from 1 to 31")
        first = _cycle_start(d.year, d.month, cycle_day)
        if d < first:
            first = _cycle_start(*_month_before(d.year, d.month), cycle_day)
        following = _cycle_start(*_month_after(first.year, first.month), cycle_day)
        return _cut("cycle", first, following - ONE_DAY, zone)

    @classmethod
    def days(cls, first: date, last: date, zone: ZoneInfo) -> Period:
        """Cut the days from `first` to `last`, both included; PeriodError if `last` comes before `first`."""
        if last < first:
            raise PeriodError(f"{first} to {last} is reversed: the last day must not come before the first")
        return _cut("range", first, last, zone)

    @classmethod
    def until(cls, last: date, zone: ZoneInfo, first: date = FIRST_DAY) -> Period:
        """Cut all days until `last`."""
        return _cut("all", first, last, zone)


def _cut(kind: Kind, first: date, last: date, zone: ZoneInfo) -> Period:
    return Period(kind, first, last, day_start(first, zone), day_start(last + ONE_DAY, zone))


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - the months of a year


def _last_of_month(year: int, month: int) -> date:
    return date(*_month_after(year, month), 1) - ONE_DAY


def _cycle_start(year: int, month: int, cycle_day: int) -> date:
    last = _last_of_month(year, month)
    return last.replace(day=min(cycle_day, last.day))
