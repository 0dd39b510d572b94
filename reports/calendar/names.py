"""Days as people call them: "November 2026", "from 7 October to 6 November 2026"; pure."""

from __future__ import annotations

from calendar import month_name
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from reports.calendar.periods import ONE_DAY

Kind: TypeAlias = Literal["day", "week", "month", "year", "range", "all"]

_WEEK_DAYS = 7
_DECEMBER = 12


class NamedPeriod(NamedTuple):
    """Whole local days from `first` to `last`, of which some may be to come, and what kind of stretch they are."""

    kind: Kind
    first: date
    last: date

    @property
    def title(self) -> str:
        """As a heading: "2026", "November 2026", "7 October to 6 November 2026"."""
        first, last = self.first, self.last
        match self.kind:
            case "year":
                return str(first.year)
            case "month":
                return f"{month_name[first.month]} {first.year}"
            case "day":
                return day_text(first)
            case "week":
                year, week, _ = first.isocalendar()
                return f"week {week} of {year}"
            case "all":
                return f"{month_name[first.month]} {first.year} until today"
            case _:
                start = f"{first.day} {month_name[first.month]}"
                return f"{start}{'' if first.year == last.year else f' {first.year}'} to {day_text(last)}"

    @property
    def code(self) -> str:
        """In a file's name: "2026", "2026-11", "2026-W47", "2026-11-21", "2026-10-07_2026-11-06"."""
        first, last = self.first, self.last
        match self.kind:
            case "year":
                return f"{first.year:04}"
            case "month":
                return f"{first.year:04}-{first.month:02}"
            case "day":
                return first.isoformat()
            case "week":
                year, week, _ = first.isocalendar()
                return f"{year:04}-W{week:02}"
            case _:
                return f"{first}_{last}"

    @property
    def within(self) -> str:
        """In a sentence: "in 2026", "on 3 May 2026", "since 3 May 2019"."""
        match self.kind:
            case "all":
                return f"since {day_text(self.first)}"
            case "range":
                return f"from {self.title}"
            case "day":
                return f"on {self.title}"
            case _:
                return f"in {self.title}"


def name_period(first: date, last: date, *, is_all: bool = False) -> NamedPeriod:
    """Find out what people call these days; `is_all` where they are all that there are."""
    if is_all:
        return NamedPeriod("all", first, last)
    return NamedPeriod(_kind(first, last), first, last)


def day_text(day: date) -> str:
    """As in "17 March 2026"."""
    return f"{day.day} {month_name[day.month]} {day.year}"


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of a day's month."""
    first = day.replace(day=1)
    following = date(day.year + day.month // _DECEMBER, day.month % _DECEMBER + 1, 1)
    return first, following - ONE_DAY


def year_before(day: date) -> date:
    """The same date of the year before; 28 February for a leap day."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def _kind(first: date, last: date) -> Kind:
    if first == last:
        return "day"
    if (first, last) == (date(first.year, 1, 1), date(first.year, 12, 31)):
        return "year"
    if (first, last) == month_of(first):
        return "month"
    if first.weekday() == 0 and (last - first).days == _WEEK_DAYS - 1:
        return "week"
    return "range"
