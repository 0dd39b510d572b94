"""Days, weeks, months, years and billing cycles of a zone, cut exactly from quarter hours of UTC.

Instants are UTC epoch seconds. A slot belongs to the latest local date that any slot up to it has shown:
where a clock goes back over midnight the day has begun at the first midnight and keeps the repeated hour,
where midnight is skipped the day begins at the jump, and a date that a zone never had is an empty day.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from reports.calendar.spans import Span
from reports.errors import QuestionError
from reports.text.dates import day_and_month, long_date, month_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

Kind: TypeAlias = Literal["day", "week", "month", "year", "cycle", "range", "all"]

SLOT_SECONDS = 900
HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
ONE_DAY = timedelta(days=1)
FIRST_YEAR = 1970
FIRST_DAY = date(FIRST_YEAR, 1, 1)
LAST_YEAR = 2200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_YEAR = re.compile("[0-9]{4}")
_MONTH = re.compile("([0-9]{4})-([0-9]{2})")
_DATE = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")


class PeriodError(QuestionError):
    """A text or number names no period; the message holds the value and the rule it breaks."""


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


# Holds ten years of one zone, so that walking them again never starts over.
@lru_cache(maxsize=4096)
def day_start(day: date, zone: ZoneInfo) -> int:
    """Find the first slot at which the local date in `zone` is `day` or later.

    It is a multiple of 900 and never falls as `day` grows, so that days tile exactly.
    """
    # fold=0 is the first of two midnights; of a midnight that is skipped it is the jump or shortly after.
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
    slot = midnight // SLOT_SECONDS * SLOT_SECONDS
    # Liberia was 44 min 30 s behind UTC until 1972: its midnights lie between two slots.
    while _local(slot, zone).date() < day:
        slot += SLOT_SECONDS
    # Toronto jumped from 23:30 to 00:30 in 1919: the day began before fold=0 puts its midnight.
    while _local(slot - SLOT_SECONDS, zone).date() >= day:
        slot -= SLOT_SECONDS
    return slot


def day_of(instant: float, zone: ZoneInfo) -> date:
    """Name the day that a slot or an instant belongs to: `day_start(day) <= instant < day_start(day + 1)`."""
    day = _local(int(instant // SLOT_SECONDS) * SLOT_SECONDS, zone).date()
    # An hour that repeats after midnight shows the date of yesterday once more.
    while day_start(day + ONE_DAY, zone) <= instant:
        day += ONE_DAY
    return day


def moment_on(day: date, now: int, zone: ZoneInfo) -> int:
    """When the clock shows the minute of `now` on another local day; a time that it skips is the jump."""
    moment = datetime.combine(day, _local(now // 60 * 60, zone).time(), tzinfo=zone)
    return min(max(int(moment.timestamp()), day_start(day, zone)), day_start(day + ONE_DAY, zone))


def day_number(day: date) -> int:
    """Days since 1970-01-01: how the ledger writes a day."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_numbered(number: int) -> date:
    """The day of a number that `day_number` gave."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


def dates(first: date, last: date) -> Iterator[date]:
    """Every date from `first` to `last`, both included; none if they are reversed."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def months(first: date, last: date) -> Iterator[tuple[int, int]]:
    """Every (year, month) from `first`'s to `last`'s, both included; none if they are reversed."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return ((number // 12, number % 12 + 1) for number in numbers)


def iso(t: float, zone: ZoneInfo) -> str:
    """Write the second that `t` lies in as local time with its offset: "2026-11-22T01:08:14+05:30"."""
    return _local(int(t // 1), zone).isoformat()


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


def _cut(kind: Kind, first: date, last: date, zone: ZoneInfo) -> Period:
    return Period(kind, first, last, day_start(first, zone), day_start(last + ONE_DAY, zone))


def _local(t: int, zone: ZoneInfo) -> datetime:
    # Not fromtimestamp: on Windows it refuses instants before 1970, where the first local day can begin.
    return (_EPOCH + timedelta(seconds=t)).astimezone(zone)


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - the months of a year


def _last_of_month(year: int, month: int) -> date:
    return date(*_month_after(year, month), 1) - ONE_DAY


def _cycle_start(year: int, month: int, cycle_day: int) -> date:
    last = _last_of_month(year, month)
    return last.replace(day=min(cycle_day, last.day))
