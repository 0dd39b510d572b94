"""Usage and cost of a plan's cycles over a range of days, the newest of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage, covered_subjects, meter_total
from reports.billing.plans import ROLLOVER_CYCLES, Plan, cap_with_rollover, counted_bytes, cycle_before, cycle_of
from reports.billing.prices import bill, cost_by_scope, has_price, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from reports.calendar.period import Period
    from reports.ledger.reader import LedgerReader

MOST_CYCLES = 13
"""Monthly cycles that a year touches."""


class PlanCycle(NamedTuple):
    """One cycle, whole or until today: billed bytes, its cap with what rolled over, and its bill."""

    period: Period
    is_over: bool
    used: int
    cap: int | None
    cost: Decimal

    @property
    def is_exceeded(self) -> bool:
        """True if more is used than the cap allows."""
        return self.cap is not None and self.used > self.cap


class PlanCycles(NamedTuple):
    """A plan and its cycles, oldest first; `is_cut` if the range holds more of them. The current one ends `today`.

    `across` are imported bytes of spans that reach over the ends of cycles: none of the cycles has them.
    """

    plan: Plan
    cycles: Sequence[PlanCycle]
    is_cut: bool
    today: date
    across: int = 0

    @property
    def cost(self) -> Decimal:
        """The sum of the bills."""
        return sum((cycle.cost for cycle in self.cycles), Decimal(0))

    @property
    def exceeded(self) -> int:
        """Number of cycles over the cap."""
        return sum(cycle.is_exceeded for cycle in self.cycles)


def has_cap_or_price(plan: Plan) -> bool:
    """True if the plan has a cap or a price."""
    return plan.cap_bytes is not None or has_price(plan)


def plan_cycles(ledger: LedgerReader, plan: Plan, first: date, last: date, today: date) -> PlanCycles:
    """The cycles that hold any day from `first` to `last`, whole where they are over, until `today` where not."""
    zone = ledger.zone
    periods = [cycle_of(plan, last, zone)]
    while periods[-1].first > first and len(periods) < MOST_CYCLES:
        periods.append(cycle_before(plan, periods[-1], zone))
    is_cut, count = periods[-1].first > first, len(periods)
    for _ in range(ROLLOVER_CYCLES if plan.rollover else 0):
        periods.append(cycle_before(plan, periods[-1], zone))
    usage = BilledUsage(ledger, plan, covered_subjects(ledger, plan))
    began = ledger.first_seen(meter_total(usage.selection))
    used = list(_used(usage, periods, min(periods[0].last, today)))
    whole = [
        began is not None and period.start >= began and usage.has_all_free_hours(period.first, period.last)
        for period in periods
    ]
    cycles = [
        PlanCycle(
            period,
            period.last < today,
            used[number],
            cap_with_rollover(plan, _before(used, whole, number)),
            _bill(usage, period, used[number], today),
        )
        for number, period in enumerate(periods[:count])
    ]
    across = usage.across([(period.first, period.last) for period in periods[:count]]).total
    return PlanCycles(plan, cycles[::-1], is_cut, today, across)


def _bill(usage: BilledUsage, period: Period, used: int, today: date) -> Decimal:
    plan = usage.plan
    if not plan.scope_prices:
        return bill(plan, used)
    by_scope = usage.used_by_scope(period.first, min(period.last, today))
    return rounded(cost_by_scope(plan, by_scope), plan.currency)


def _before(used: Sequence[int], whole: Sequence[bool], number: int) -> Iterator[int]:
    """Billed bytes of the cycles before one, the last one first, up to one that is not known from end to end."""
    for place in range(number + 1, min(number + 1 + ROLLOVER_CYCLES, len(used))):
        if not whole[place]:
            return
        yield used[place]


def _used(usage: BilledUsage, periods: Sequence[Period], last: date) -> Iterator[int]:
    """Billed bytes of each cycle until `last`, newest first."""
    plan, billed = usage.plan, usage.days(periods[-1].first, last).billed
    sums = [usage.in_spans(period.first, period.last) for period in periods]
    number = 0
    for day in sorted(billed, reverse=True):
        while day < periods[number].first:
            number += 1
        sums[number] = sums[number].plus(billed[day])
    return (counted_bytes(plan, moved.received, moved.sent) for moved in sums)
