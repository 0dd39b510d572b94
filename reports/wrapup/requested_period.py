"""The period and the selection of a requested wrap-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.billing.billed_usage import covered_subjects
from reports.billing.plans import Plan, PlanError, cycle_before, cycle_of, named
from reports.calendar.days import day_of
from reports.calendar.requests import LAST
from reports.export.file_selection import file_selection
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from reports.calendar.period import Period
    from reports.calendar.requests import PeriodRequest
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection
    from reports.usage.scopes import UsageFilter


def requested_period(request: PeriodRequest, plan: Plan, now: float, zone: ZoneInfo) -> Period:
    """The period, this year by default; a cycle is one of `plan`. Raises PeriodError."""
    today = day_of(now, zone)
    if request.cycle is None:
        return request.period(today, zone, "year")
    request.require_one()
    cycle = cycle_of(plan, today, zone)
    return cycle_before(plan, cycle, zone) if request.cycle == LAST else cycle


def requested_selection(
    ledger: LedgerReader,
    plans: Sequence[Plan],
    request: PeriodRequest,
    plan: str | None,
    usage_filter: UsageFilter,
    networks: Iterable[str] = (),
) -> Selection:
    """The selection; that of a cycle is of its plan, the first by default, and of the machine where that has scopes.

    Raises PlanError and UnknownInterfaceError.
    """
    if request.cycle is not None and not any(usage_filter) and named(plans, plan).is_of_scopes:
        return MACHINE
    selection = file_selection(ledger, plans, plan, usage_filter, networks)
    if request.cycle is None:
        return selection
    if any(usage_filter):
        name = "scope" if usage_filter.scopes else "interface"
        raise PlanError(f"cycle: not together with {name}; a billing cycle is of the interfaces of its plan")
    return covered_subjects(ledger, named(plans, plan))
