"""The period and the subject that a wrap-up is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.billing.plans import Plan, PlanError, cycle_before, cycle_of, named
from reports.calendar.days import day_of
from reports.calendar.requests import LAST
from reports.export.export import subject_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reports.calendar.period import Period
    from reports.calendar.requests import PeriodRequest


def requested_period(request: PeriodRequest, plan: Plan, now: float, zone: ZoneInfo) -> Period:
    """The period, this year by default; a cycle is one of `plan`. Raises PeriodError."""
    today = day_of(now, zone)
    if request.cycle is None:
        return request.period(today, zone, "year")
    request.require_one()
    cycle = cycle_of(plan, today, zone)
    return cycle_before(plan, cycle, zone) if request.cycle == LAST else cycle


def plan_and_subject(
    plans: Sequence[Plan], request: PeriodRequest, plan: str | None, interfaces: Sequence[str]
) -> tuple[Plan, Plan | str | None]:
    """The plan whose cycle may be meant, and the subject: that of a cycle is its plan. Raises PlanError."""
    subject, chosen = subject_of(plans, plan, interfaces), named(plans, plan)
    if request.cycle is None:
        return chosen, subject
    if interfaces:
        raise PlanError("cycle: not together with interface; a billing cycle is of the interfaces of its plan")
    return chosen, chosen
