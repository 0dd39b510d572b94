"""How much was used: today, a month, any range of days, ever; each answer is plain typed data."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from reports.calendar.days import dates, day_of, day_start
from reports.calendar.parsing import PeriodError
from reports.calendar.period import Period
from reports.ledger.imported import imported
from reports.ledger.intervals import counting_began
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import add_up
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.ledger.imported import ImportedPart
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


Part = TypeVar("Part", int, tuple[int, int])


class DayUsage(NamedTuple):
    """One local day; None for one before counting began. `is_partial`: counting began within it.

    Other programs have counted the part `imported` of its bytes.
    """

    day: date
    bytes: Bytes | None
    is_partial: bool = False
    imported: Bytes = NO_BYTES


class MonthUsage(NamedTuple):
    """One calendar month, as (year, month); None for one before counting began, partial and imported as a day is."""

    month: tuple[int, int]
    bytes: Bytes | None
    is_partial: bool = False
    imported: Bytes = NO_BYTES


class YearUsage(NamedTuple):
    """One calendar year; None for one before counting began, partial and imported as a day is."""

    year: int
    bytes: Bytes | None
    is_partial: bool = False
    imported: Bytes = NO_BYTES


class PeriodUsage(NamedTuple):
    """A period, its days so far (those without traffic with zeros) and the sum of days and spans.

    `began` is when counting began, of the machine or the interface (UTC seconds); None before it has. `spans` are those
    that were imported and lie within the period; days that have nothing but a span are without an amount. `imported` is
    the part of the sum that other programs have counted.
    """

    period: Period
    days: list[DayUsage]
    total: Bytes
    began: int | None = None
    spans: tuple[ImportedPart, ...] = ()
    imported: Bytes = NO_BYTES

    @property
    def is_counted(self) -> bool:
        """Whether any of it was counted: else its sum is not nothing, but unknown."""
        return bool(self.spans) or any(day.bytes is not None for day in self.days)

    @property
    def begins_late(self) -> bool:
        """Whether counting began within it, or after it."""
        return self.began is not None and self.began > self.period.start

    def by_month(self) -> list[MonthUsage]:
        """The days, and the spans within a month, added up by calendar month."""
        return [MonthUsage(*part) for part in self._parts(lambda day: (day.year, day.month))]

    def by_year(self) -> list[YearUsage]:
        """The days, and the spans within a year, added up by calendar year."""
        return [YearUsage(*part) for part in self._parts(lambda day: day.year)]

    def _parts(self, part_of: Callable[[date], Part]) -> Iterator[tuple[Part, Bytes | None, bool, Bytes]]:
        """Each part of the days: bytes (None before counting began), whether that began within it, imported bytes."""
        sums: dict[Part, tuple[Bytes | None, bool, Bytes]] = {}
        for day, used, is_partial, brought in self.days:
            moved, is_cut, imported = sums.get(key := part_of(day), (None, False, NO_BYTES))
            if used is not None:
                moved, imported = (moved or NO_BYTES).plus(used), imported.plus(brought)
            is_known = used is not None or any(span.first <= day <= span.last for span in self.spans)
            sums[key] = moved, is_cut or is_partial or not is_known, imported
        for span in self.spans:
            if (key := part_of(span.first)) == part_of(span.last) and key in sums:
                moved, is_cut, imported = sums[key]
                sums[key] = (moved or NO_BYTES).plus(span.bytes), is_cut, imported.plus(span.bytes)
        return ((key, moved, is_cut and moved is not None, brought) for key, (moved, is_cut, brought) in sums.items())


class Lifetime(NamedTuple):
    """All bytes ever, and the part of them that other programs have counted."""

    bytes: Bytes
    imported: Bytes = NO_BYTES


def lifetime(ledger: LedgerReader, selection: Selection = MACHINE) -> Lifetime:
    """All bytes ever, unposted ones included."""
    return Lifetime(ledger.lifetime(selection), imported(ledger, date.min, date.max, selection).total)


def today(ledger: LedgerReader, now: float, selection: Selection = MACHINE) -> PeriodUsage:
    """Since the last local midnight."""
    return usage(ledger, Period.day(_today(ledger, now), ledger.zone), now, selection)


def week(ledger: LedgerReader, now: float, selection: Selection = MACHINE) -> PeriodUsage:
    """Since Monday's midnight."""
    return usage(ledger, Period.week(_today(ledger, now), ledger.zone), now, selection)


def month(
    ledger: LedgerReader, now: float, selection: Selection = MACHINE, which: tuple[int, int] | None = None
) -> PeriodUsage:
    """A calendar month as (year, month); the current one by default."""
    day = _today(ledger, now)
    year, number = which or (day.year, day.month)
    return usage(ledger, Period.month(year, number, ledger.zone), now, selection)


def year(ledger: LedgerReader, now: float, selection: Selection = MACHINE, which: int | None = None) -> PeriodUsage:
    """A calendar year; the current one by default."""
    return usage(ledger, Period.year(which or _today(ledger, now).year, ledger.zone), now, selection)


def days(ledger: LedgerReader, now: float, first: date, last: date, selection: Selection = MACHINE) -> PeriodUsage:
    """Local days from `first` to `last`, both included; PeriodError for a reversed range."""
    if last < first:
        raise PeriodError(f"from {first} to {last} is reversed: the first day must not be after the last")
    return usage(ledger, Period.days(first, last, ledger.zone), now, selection)


def usage(ledger: LedgerReader, period: Period, now: float, selection: Selection = MACHINE) -> PeriodUsage:
    """The days of a period until today, those before counting began without an amount; raises UnknownInterfaceError.

    Imported days are among them, and none is known between those.
    """
    found = ledger.days(period.first, period.last, selection)
    brought = imported(ledger, period.first, period.last, selection)
    today = _today(ledger, now)
    began = counting_began(ledger, selection)
    counted_since = ledger.first_seen(selection) if ledger.has_past else began
    first_counted = today if counted_since is None else day_of(counted_since, ledger.zone)
    is_cut = counted_since is not None and counted_since > day_start(first_counted, ledger.zone)
    listed = [
        DayUsage(day, found.get(day, NO_BYTES), is_cut and day == first_counted, brought.of_day(day))
        if day >= first_counted
        else DayUsage(day, found.get(day), imported=brought.of_day(day))
        for day in dates(period.first, min(period.last, today))
    ]
    total = add_up([*found.values(), *(span.bytes for span in brought.spans)])
    return PeriodUsage(period, listed, total, began, brought.spans, brought.total)


def _today(ledger: LedgerReader, now: float) -> date:
    return day_of(int(now), ledger.zone)
