"""One period as people want a report of it: a range, days, a year, a month or a billing cycle."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from reports.billing.plans import Plan, cycle_before, cycle_of
from reports.calendar.names import month_of
from reports.calendar.periods import PeriodError, day_of, parse_month, parse_year
from reports.calendar.spans import Asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.ledger.reader import LedgerReader

Parsed = TypeVar("Parsed")

CURRENT, LAST = CYCLES = ("current", "last")


class Wanted(NamedTuple):
    """As text: at most one of a range or days, a year, a month ("2026-11"), and a cycle ("current" or "last")."""

    days: Asked = Asked()
    year: str | None = None
    month: str | None = None
    cycle: str | None = None


def require_one_period(wanted: Wanted) -> None:
    """Raise PeriodError where there are two, or a cycle that there is not."""
    days = None if wanted.days == Asked() else "range, from or to"
    given = [name for name, text in zip(("year", "month", "cycle"), wanted[1:], strict=True) if text is not None]
    given.extend([days] if days else [])
    if len(given) > 1:
        raise PeriodError(f"{given[0]}: not together with {given[1]}; give one period")
    if wanted.cycle not in {None, *CYCLES}:
        raise PeriodError(f"cycle: {wanted.cycle!r} is no cycle: use {' or '.join(CYCLES)}")


def asked_for(ledger: LedgerReader, wanted: Wanted, plan: Plan, now: float) -> Asked:
    """The days to ask for; this year without any period, `plan` has the cycle. Raises PeriodError."""
    require_one_period(wanted)
    if wanted.year is not None:
        year = _parse("year", wanted.year, parse_year)
        return _days(date(year, 1, 1), date(year, 12, 31))
    if wanted.month is not None:
        return _days(*month_of(date(*_parse("month", wanted.month, parse_month), 1)))
    if wanted.cycle is not None:
        cycle = cycle_of(plan, day_of(int(now), ledger.zone), ledger.zone)
        if wanted.cycle == LAST:
            cycle = cycle_before(plan, cycle, ledger.zone)
        return _days(cycle.first, cycle.last)
    return Asked("year") if wanted.days == Asked() else wanted.days


def _parse(name: str, text: str, parse: Callable[[str], Parsed]) -> Parsed:
    try:
        return parse(text)
    except PeriodError as error:
        raise PeriodError(f"{name}: {error}") from error


def _days(first: date, last: date) -> Asked:
    return Asked(None, first.isoformat(), last.isoformat())
