"""Months and years that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import day_of, months
from reports.calendar.period import Period
from reports.ledger.intervals import first_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import LedgerReader

GRACE_SECONDS = 1800  # a commit may take ten minutes, and fail once
DECEMBER = 12


def finished_periods(began: date, now: float, zone: ZoneInfo) -> Iterator[Period]:
    """Months and years that are over, back to the day that counting began, newest first, a year before its months."""
    today = day_of(now - GRACE_SECONDS, zone)
    for year, month in reversed(list(months(began, today))):
        found = Period.month(year, month, zone)
        if found.last >= today:
            continue
        if month == DECEMBER:
            yield Period.year(year, zone)
        yield found


def counted_periods(ledger: LedgerReader, now: float) -> list[Period]:
    """Months and years that are over and of which the ledger has days or an imported sum, newest first."""
    began = first_day(ledger)
    periods = [] if began is None else list(finished_periods(began, now, ledger.zone))
    return [period for period in periods if _is_known(ledger, period)] if ledger.has_past else periods


def _is_known(ledger: LedgerReader, period: Period) -> bool:
    """False for one that lies between imported days, or within a longer imported time."""
    counted_since = ledger.first_seen()
    if counted_since is not None and period.end > counted_since:
        return True
    return bool(ledger.days(period.first, period.last) or ledger.spans(period.first, period.last))
