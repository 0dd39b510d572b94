"""Limits of applications: the bytes that one may move in a local day, week or month, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.billing.plans import Plan
from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.ledger.amounts import local_days, total
from reports.ledger.imported import imported_by_application
from reports.ledger.selection import Selection
from reports.ledger.shape import APPLICATION, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import LedgerReader

ALERT_AT = Plan().alert_at
"""Percentages of a limit that raise an alert: those of a plan."""


class LimitStatus(NamedTuple):
    """A limit now: bytes that the application has received and transmitted in the period, loopback aside.

    Other programs have counted `imported` of them, where the period holds imported days.
    """

    application: str
    limit: int
    period: Period
    used: int
    imported: int = 0

    @property
    def left(self) -> int:
        """Bytes left, below zero if it is exceeded."""
        return self.limit - self.used

    @property
    def share(self) -> float:
        """The used share; a limit is never 0."""
        return self.used / self.limit

    @property
    def reached(self) -> tuple[int, ...]:
        """The percentages of ALERT_AT that are reached."""
        return tuple(at for at in ALERT_AT if self.used * 100 >= self.limit * at)


def period_of_limit(kind: str, today: date, zone: ZoneInfo) -> Period:
    """The local day, week (from Monday) or month that `today` is in."""
    match kind:
        case "day":
            return Period.day(today, zone)
        case "week":
            return Period.week(today, zone)
        case _:
            return Period.month(today.year, today.month, zone)


def limit_statuses(ledger: LedgerReader, limits: Mapping[str, tuple[int, str]], now: float) -> list[LimitStatus]:
    """How far each limit (bytes, and "day", "week" or "month") has come at `now` (UTC seconds)."""
    today = day_of(int(now), ledger.zone)
    scopes = tuple(scope for scope in ledger.values(APPLICATION, "scope") if scope != LOOPBACK)
    found = []
    for name, (limit, kind) in limits.items():
        period = period_of_limit(kind, today, ledger.zone)
        selection = Selection(APPLICATION, name, where={"application": (name,), "scope": scopes})
        used = total(ledger, local_days(selection, period.first, today), ("receive_bytes", "transmit_bytes"))
        brought = imported_by_application(ledger, period.first, today)
        imported = brought[name].bytes.total if name in brought else 0
        found.append(LimitStatus(name, limit, period, sum(used) + imported, imported))
    return found
