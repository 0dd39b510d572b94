"""Months and years that are over."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from reports.calendar.days import day_of, months
from reports.calendar.period import Period
from reports.export.beside import days_beside
from reports.ledger.intervals import first_day

if TYPE_CHECKING:
    from collections.abc import Iterator
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
    """Months and years that are over and of which the ledger has days or something imported, newest first."""
    began = min([*filter(None, [first_day(ledger)]), *days_beside(ledger, date.min, date.max)], default=None)
    periods = [] if began is None else list(finished_periods(began, now, ledger.zone))
    has_past = ledger.has_past or ledger.has_past_requests
    return [period for period in periods if _is_known(ledger, period)] if has_past else periods


def _is_known(ledger: LedgerReader, period: Period) -> bool:
    """False for one that lies between imported days, or within a longer imported time."""
    counted_since = ledger.first_seen()
    if counted_since is not None and period.end > counted_since:
        return True
    days = ledger.days(period.first, period.last) or ledger.spans(period.first, period.last)
    return bool(days or days_beside(ledger, period.first, period.last))
