"""Quarter hours that free hours need, against the retention of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.settings.measures import format_duration
from reports.billing.plans import ROLLOVER_CYCLES, CycleRule
from reports.calendar.days import DAY_SECONDS

if TYPE_CHECKING:
    from reports.billing.plans import Plan

RETENTION = "ledger.slot_retention"
KINDS = {"daily": 1, "weekly": 7}
SHARED_DAYS = 62
"""So long the mirror's quarter hours are read for plans that machines share."""
LONGEST_MONTH, LONGEST_YEAR, MONTHS = 31, 366, 12


class Shortage(NamedTuple):
    """The fault of one key of a plan; fatal where the quarter hours of the cycle itself are not kept."""

    key: str
    fault: str
    is_fatal: bool


def shortage(plan: Plan, slot_seconds: float) -> Shortage | None:
    """The fault of a plan whose free hours need quarter hours for longer than `slot_seconds`; None without one."""
    if not plan.free_hours:
        return None
    if plan.hosts and slot_seconds >= SHARED_DAYS * DAY_SECONDS:
        return _shared_shortage(plan)
    kept = f"{RETENTION} keeps them for {format_duration(slot_seconds)}"
    needed = {cycles: _days(plan.cycle, cycles) + 1 for cycles in (1, 2, 1 + ROLLOVER_CYCLES)}
    if slot_seconds < needed[1] * DAY_SECONDS:
        fault = (
            f"need the quarter hours of a whole cycle, {needed[1]} days, and {kept}; use at least {needed[1]}d there"
        )
        return Shortage("free_hours", fault, is_fatal=True)
    cycles = 1 + ROLLOVER_CYCLES if plan.rollover else 2
    if slot_seconds >= needed[cycles] * DAY_SECONDS:
        return None
    consequence = "carry nothing over, and are billed in full" if plan.rollover else "are compared with in full"
    fault = (
        f"of {cycles - 1} earlier cycle{'s' * (cycles > 2)} need quarter hours of {needed[cycles]} days, and {kept}: "  # noqa: PLR2004 - a plural
        f"cycles that have lost some {consequence}; use at least {needed[cycles]}d there"
    )
    return Shortage("free_hours", fault, is_fatal=False)


def _shared_shortage(plan: Plan) -> Shortage | None:
    """The same of quarter hours of several machines, whose number no setting changes."""
    kept = f"those of several machines are read for {SHARED_DAYS} days"
    if (needed := _days(plan.cycle, 1) + 1) > SHARED_DAYS:
        fault = f"need the quarter hours of a whole cycle, {needed} days, and {kept}; leave out free_hours or hosts"
        return Shortage("free_hours", fault, is_fatal=True)
    if not plan.rollover or _days(plan.cycle, 1 + ROLLOVER_CYCLES) + 1 <= SHARED_DAYS:
        return None  # the first days of the cycle before are compared with in full, as docs/configuration.md says
    fault = f"of {ROLLOVER_CYCLES} earlier cycles need more quarter hours than there are, and {kept}: cycles that have "
    return Shortage("free_hours", f"{fault}lost some carry nothing over", is_fatal=False)


def _days(rule: CycleRule, cycles: int) -> int:
    """The most days that so many cycles in a row can have."""
    if rule.kind == "monthly":
        return cycles // MONTHS * LONGEST_YEAR + cycles % MONTHS * LONGEST_MONTH
    return cycles * KINDS.get(rule.kind, rule.every_days)
