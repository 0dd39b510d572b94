"""What a running day, month or year will have at its end, by the reckoning of a plan's forecast."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.forecast import HABIT_DAYS, Forecast, forecast
from reports.calendar.days import ONE_DAY, day_of
from reports.ledger.intervals import counting_began
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from reports.calendar.period import Period
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


class Estimate(NamedTuple):
    """Forecasts of a period: each direction by itself, so that they need not add up to that of both."""

    received: Forecast
    sent: Forecast
    total: Forecast


def estimate(ledger: LedgerReader, period: Period, now: float, selection: Selection = MACHINE) -> Estimate | None:
    """The estimate of a period that runs now (UTC seconds); None until enough is known."""
    today, began = day_of(int(now), ledger.zone), counting_began(ledger, selection)
    if began is None:
        return None
    days = ledger.days(min(period.first, today - HABIT_DAYS * ONE_DAY), today, selection)
    found = []
    for direction in map(attrgetter, Estimate._fields):
        moved = {day: direction(used) for day, used in days.items()}
        used = sum(amount for day, amount in moved.items() if period.first <= day <= period.last)
        found.append(forecast(moved, cycle=period, now=int(now), zone=ledger.zone, used=used, began=began))
    received, sent, total = found
    return Estimate(received, sent, total) if received and sent and total else None
