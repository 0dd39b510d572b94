"""What a running day, month or year will have at its end, by the reckoning of a plan's forecast."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.forecast import HABIT_DAYS, Forecast, forecast
from reports.calendar.days import ONE_DAY, day_of
from reports.ledger.intervals import days_known_since
from reports.ledger.rows import add_up
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
    today, known = day_of(int(now), ledger.zone), days_known_since(ledger, selection)
    if known is None:
        return None
    days = ledger.days(min(period.first, today - HABIT_DAYS * ONE_DAY), today, selection)
    first = max(period.first, day_of(known, ledger.zone)) if ledger.has_past else period.first
    in_spans = add_up(span.bytes for span in ledger.spans(period.first, min(period.last, today), selection))
    found = []
    for direction in map(attrgetter, Estimate._fields):
        moved = {day: direction(used) for day, used in days.items()}
        used = sum(amount for day, amount in moved.items() if first <= day <= period.last)
        earlier = direction(in_spans) + sum(amount for day, amount in moved.items() if period.first <= day < first)
        ahead = forecast(moved, cycle=period, now=int(now), zone=ledger.zone, used=used, began=known)
        found.append(ahead and ahead.plus(earlier))
    received, sent, total = found
    return Estimate(received, sent, total) if received and sent and total else None
