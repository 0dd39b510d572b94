"""Running totals of the civil periods, kept in memory so that no scrape has to ask the ledger."""

from __future__ import annotations

from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.period_sums import PeriodSums
from reports.calendar.days import ONE_DAY, day_of, day_start
from reports.calendar.history import PERIODS, periods_at
from reports.calendar.history_length import DAYS_KEPT, MONTHS_KEPT
from reports.calendar.period import Period
from reports.ledger.shape import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from exporter.metering.subjects import Subject


class Amount(NamedTuple):
    """Bytes received and transmitted."""

    receive: int = 0
    transmit: int = 0

    def plus(self, receive: int, transmit: int) -> Amount:
        """Both together."""
        return Amount(self.receive + receive, self.transmit + transmit)


ZERO = Amount()
UNMET = ""
"""Name of the subject that stands for counted interfaces which were imported, and which netledger has never met."""


class DayRow(NamedTuple):
    """What the ledger (and what waits for it) holds of one subject on one local day, or in a span until `last`."""

    subject: Subject
    day: date
    receive_bytes: int
    transmit_bytes: int
    peaks: tuple[int, ...] = ()
    last: date | None = None


class ImportedTotals(NamedTuple):
    """All that other programs have counted, by subject, and the last local day of it; None without any."""

    by_subject: Mapping[Subject, Amount] = MappingProxyType({})
    last: date | None = None


class SubjectTotals:
    """One subject: bytes by local day and by local month, imported spans of several days, and today's peaks.

    `first_day` is the first local day that moved a byte; date.max before there is one.
    """

    __slots__ = (
        "_before",
        "_before_at",
        "_past",
        "_today",
        "days",
        "first_day",
        "months",
        "peaks",
        "peaks_day",
        "spans",
    )

    def __init__(self) -> None:
        """Begin empty."""
        self.days: dict[date, Amount] = {}
        self.months: dict[tuple[int, int], Amount] = {}
        self.spans: list[tuple[date, date, Amount]] = []
        self.first_day = date.max
        self.peaks: tuple[int, ...] = ()
        self.peaks_day = date.min
        self._today = date.min
        self._past = self._before_at = 0
        self._before = (ZERO, ZERO)

    def add(self, day: date, receive: int, transmit: int) -> None:
        """Add bytes to a local day and its month."""
        if day != self._today:
            self._past += 1
        self.days[day] = self.days.get(day, ZERO).plus(receive, transmit)
        self.first_day = min(self.first_day, day)
        month = (day.year, day.month)
        self.months[month] = self.months.get(month, ZERO).plus(receive, transmit)

    def add_span(self, first: date, last: date, receive: int, transmit: int) -> None:
        """Add bytes of some days within a span: they are in every period that holds it whole."""
        self.spans.append((first, last, Amount(receive, transmit)))
        self.first_day = min(self.first_day, first)
        if (month := (first.year, first.month)) == (last.year, last.month):
            self.months[month] = self.months.get(month, ZERO).plus(receive, transmit)

    def merge(self, other: SubjectTotals) -> None:
        """Add another subject's bytes; a sum has no peaks."""
        for day, amount in other.days.items():
            self.days[day] = self.days.get(day, ZERO).plus(*amount)
        for month, amount in other.months.items():
            self.months[month] = self.months.get(month, ZERO).plus(*amount)
        self.spans.extend(other.spans)
        self.first_day = min(self.first_day, other.first_day)

    def note_peaks(self, day: date, peaks: tuple[int, ...]) -> None:
        """Keep the highest speeds of the newest day."""
        if day > self.peaks_day:
            self.peaks, self.peaks_day = peaks, day
        elif day == self.peaks_day:
            self.peaks = tuple(map(max, self.peaks, peaks)) if self.peaks and peaks else self.peaks or peaks

    def peaks_of(self, today: date) -> tuple[int, ...]:
        """The highest speeds of this day; empty if nothing has moved on it."""
        return self.peaks if self.peaks_day == today else ()

    def to_date(self, period: str, today: date) -> Amount:
        """Bytes from the beginning of the day, week, month or year that `today` is in."""
        return self.all_to_date(today)[PERIODS.index(period)]

    def all_to_date(self, today: date) -> tuple[Amount, ...]:
        """Bytes to date of each of PERIODS."""
        day, month = self.days.get(today, ZERO), self.months.get((today.year, today.month), ZERO)
        if self._before_at != self.past(today):
            self._before, self._before_at = self._sums_besides(today), self._past
        week, year = self._before
        return (day, week.plus(*day), month, year.plus(*month))

    def past(self, today: date) -> int:
        """Version of everything but today's amount; changes when a cached history must be rendered again."""
        if today != self._today:
            self._today = today
            self._past += 1
        return self._past

    def _sums_besides(self, today: date) -> tuple[Amount, Amount]:
        """This week without today, and this year without this month."""
        monday = today - timedelta(days=today.weekday())
        days = (monday + timedelta(days=n) for n in range(7))
        months = ((today.year, month) for month in range(1, 13) if month != today.month)
        week = [amount for first, last, amount in self.spans if monday <= first and last < monday + timedelta(days=7)]
        year = [
            amount
            for first, last, amount in self.spans
            if first.year == last.year == today.year and first.month != last.month
        ]
        return (
            _sum([*week, *(self.days.get(day, ZERO) for day in days if day != today)]),
            _sum([*year, *(self.months.get(month, ZERO) for month in months)]),
        )

    def forget_before(self, today: date) -> None:
        """Drop what no question of `Totals` reaches."""
        oldest_day = today - timedelta(days=DAYS_KEPT + 7)
        self.days = {day: amount for day, amount in self.days.items() if day >= oldest_day}
        oldest_month = (today.year - MONTHS_KEPT // 12 - 1, today.month)
        self.months = {month: amount for month, amount in self.months.items() if month >= oldest_month}
        oldest_span = min(oldest_day, date(today.year, 1, 1))
        self.spans = [span for span in self.spans if span[1] >= oldest_span]


def _sum(amounts: Iterable[Amount]) -> Amount:
    receive = transmit = 0
    for amount in amounts:
        receive += amount.receive
        transmit += amount.transmit
    return Amount(receive, transmit)


class Totals:
    """Totals of the subjects of meters with a history, cut at local midnights of `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Begin empty; `load` brings what the ledger holds."""
        self.zone = zone
        self._subjects: dict[Subject, SubjectTotals] = {}
        self._unmoved = SubjectTotals()
        self._first = date.max
        self._today = date.min
        self._bounds = (0, 0)
        self.sums = PeriodSums()
        """Of meters with sums of periods alone."""
        self.imported = ImportedTotals()
        self.layout = 0

    def load(self, rows: Iterable[DayRow], first: date | None = None) -> None:
        """Start again from the ledger's day rows (and the unposted ones); `first` is the ledger's first day of all."""
        self._subjects = {}
        self._first = first or date.max
        for row in rows:
            totals = self._subjects.setdefault(row.subject, SubjectTotals())
            if row.last is not None:
                totals.add_span(row.day, row.last, row.receive_bytes, row.transmit_bytes)
                continue
            totals.add(row.day, row.receive_bytes, row.transmit_bytes)
            totals.note_peaks(row.day, row.peaks)
        newest = max((max(totals.days, default=date.min) for totals in self._subjects.values()), default=date.min)
        for totals in self._subjects.values() if newest > date.min else ():
            totals.forget_before(newest)
        self.layout += 1

    def add(self, subject: Subject, start: int, received: int, transmitted: int) -> None:
        """Add bytes that were moved at an instant (UTC seconds)."""
        totals = self._subjects.get(subject)
        if totals is None:
            totals = self._subjects[subject] = SubjectTotals()
        totals.add(self.day_of(start), received, transmitted)

    def add_to_sums(self, subject: Subject, start: int, received: int, transmitted: int) -> None:
        """Add bytes that were moved at an instant (UTC seconds) to the sums of its name; loopback is in none."""
        if LOOPBACK not in subject.key[1:]:
            self.sums.add((subject.meter, subject.key[0]), self.day_of(start), received, transmitted)

    def note_peaks(self, subject: Subject, minute: int, peaks: tuple[int, ...]) -> None:
        """Keep the highest speeds of the day that this minute (UTC seconds) is in."""
        totals = self._subjects.get(subject)
        if totals is not None:
            totals.note_peaks(self.day_of(minute), peaks)

    def forget(self, subject: Subject) -> None:
        """Drop a subject that has been folded or forgotten."""
        self._subjects.pop(subject, None)

    def day_of(self, seconds: int) -> date:
        """The local day of an instant (UTC seconds); the current day's bounds are kept at hand."""
        begins, ends = self._bounds
        if begins <= seconds < ends:
            return self._today
        day = day_of(seconds, self.zone)
        if seconds >= ends:
            self._turn_to(day)
        return day

    def today(self, now_seconds: int) -> date:
        """The local day now; a new one begins another layout."""
        begins, ends = self._bounds
        if not begins <= now_seconds < ends:
            self._turn_to(day_of(now_seconds, self.zone))
        return self._today

    def of(self, subject: Subject) -> SubjectTotals:
        """Totals of one subject; empty for one that never moved a byte. To be read, not changed."""
        return self._subjects.get(subject, self._unmoved)

    def periods(self, today: date) -> Mapping[str, Period]:
        """The current day, week, month and year."""
        return periods_at(today, self.zone)

    def start(self) -> int | None:
        """UTC seconds at which the first local day began that moved a byte; None before there is one."""
        first = min((totals.first_day for totals in self._subjects.values()), default=date.max)
        first = min(first, self._first)
        return None if first == date.max else day_start(first, self.zone)

    def imported_until(self) -> int | None:
        """UTC seconds at which the last local day ends of which bytes were imported; None without one."""
        last = self.imported.last
        return None if last is None else day_start(last + ONE_DAY, self.zone)

    def _turn_to(self, day: date) -> None:
        period = Period.day(day, self.zone)
        self._today, self._bounds = day, (period.start, period.end)
        self.layout += 1
        for totals in self._subjects.values():
            totals.forget_before(day)
