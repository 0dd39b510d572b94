"""How much was used: today, a month, any range of days, ever; each answer is plain typed data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.ledger_reader import NO_BYTES, Bytes
from reports.periods import Period, PeriodError, dates, day_of, months

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from reports.ledger_reader import LedgerReader


class DayUsage(NamedTuple):
    """One local day."""

    day: date
    bytes: Bytes


class MonthUsage(NamedTuple):
    """One calendar month, as (year, month)."""

    month: tuple[int, int]
    bytes: Bytes


class PeriodUsage(NamedTuple):
    """A period, its days so far (those without traffic with zeros) and their sum."""

    period: Period
    days: list[DayUsage]
    total: Bytes

    def by_month(self) -> list[MonthUsage]:
        """The days added up by calendar month."""
        sums = dict.fromkeys(months(self.period.first, self.days[-1].day), NO_BYTES) if self.days else {}
        for day, used in self.days:
            key = (day.year, day.month)
            sums[key] = sums[key].plus(used)
        return [MonthUsage(month, used) for month, used in sums.items()]


def today(ledger: LedgerReader, now: float, device: str | None = None) -> PeriodUsage:
    """Since the last local midnight."""
    return usage(ledger, Period.day(_today(ledger, now), ledger.zone), now, device)


def week(ledger: LedgerReader, now: float, device: str | None = None) -> PeriodUsage:
    """Since Monday's midnight."""
    return usage(ledger, Period.week(_today(ledger, now), ledger.zone), now, device)


def month(
    ledger: LedgerReader, now: float, device: str | None = None, which: tuple[int, int] | None = None
) -> PeriodUsage:
    """A calendar month as (year, month); the current one by default."""
    day = _today(ledger, now)
    year, number = which or (day.year, day.month)
    return usage(ledger, Period.month(year, number, ledger.zone), now, device)


def year(ledger: LedgerReader, now: float, device: str | None = None, which: int | None = None) -> PeriodUsage:
    """A calendar year; the current one by default."""
    return usage(ledger, Period.year(which or _today(ledger, now).year, ledger.zone), now, device)


def days(ledger: LedgerReader, now: float, first: date, last: date, device: str | None = None) -> PeriodUsage:
    """Local days from `first` to `last`, both included; PeriodError for a reversed range."""
    if last < first:
        raise PeriodError(f"from {first} to {last} is reversed: the first day must not be after the last")
    return usage(ledger, Period.days(first, last, ledger.zone), now, device)


def usage(ledger: LedgerReader, period: Period, now: float, device: str | None = None) -> PeriodUsage:
    """The days of a period until today; raises UnknownInterfaceError."""
    ledger.require_interface(device)
    found = ledger.days(period.first, period.last, device)
    last = min(period.last, _today(ledger, now))
    listed = [DayUsage(day, found.get(day, NO_BYTES)) for day in dates(period.first, last)]
    return PeriodUsage(period, listed, add_up(found.values()))


def add_up(amounts: Iterable[Bytes]) -> Bytes:
    """The sum; its peak is the highest."""
    total = NO_BYTES
    for amount in amounts:
        total = total.plus(amount)
    return total


def _today(ledger: LedgerReader, now: float) -> date:
    return day_of(int(now), ledger.zone)
