"""How a billing plan stands: used, cap, left, cost, forecast, and the cycle before for comparison."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.forecast import Forecast, forecast, reached_at
from reports.ledger_reader import NO_BYTES, Bytes
from reports.periods import Period, dates, day_of, day_start
from reports.plans import Plan, cap_with_rollover, counted_bytes, covers, cycle_before, cycle_of, free_windows
from reports.prices import cost

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from reports.ledger_reader import LedgerReader

HABIT_DAYS = 28
"""Days of history that the forecast looks at."""

ROLLOVER_CYCLES = 12
"""Cycles back from which unused bytes can still reach this one; each passes on what it did not use itself."""


class PlanStatus(NamedTuple):
    """A plan now. Bytes are integers; money is exact in the plan's currency; instants are UTC seconds.

    `used` is what the plan bills of the cycle so far, `free` what moved in free hours; `cap` includes what was carried
    over; `left`, `share`, `allowed_per_day` and `cap_reached_at` are None without a cap. `devices` are the interfaces
    that the plan covers. `last_used_by_now` is what the cycle before had used by the same day.
    """

    plan: Plan
    cycle: Period
    devices: frozenset[str]
    bytes: Bytes
    used: int
    free: int
    cap: int | None
    left: int | None
    share: float | None
    days_left: int
    allowed_per_day: int | None
    cost: Decimal
    forecast: Forecast
    forecast_cost: tuple[Decimal, Decimal, Decimal]
    cap_reached_at: int | None
    last_cycle: Period
    last_used: int
    last_used_by_now: int


class _Usage(NamedTuple):
    """Billed bytes by local day, free hours taken out, and what those held."""

    days: dict[date, Bytes]
    free: dict[date, Bytes]

    def between(self, first: date, last: date) -> Bytes:
        return _total(self.days, first, last)


def plan_status(ledger: LedgerReader, plan: Plan, now: float) -> PlanStatus:
    """Answer for the cycle that `now` (UTC seconds) is in."""
    zone, today = ledger.zone, day_of(int(now), ledger.zone)
    cycle = cycle_of(plan, today, zone)
    before = cycle_before(plan, cycle, zone)
    devices = frozenset(name for name, counted in ledger.devices().items() if covers(plan, name, is_counted=counted))
    earlier = _earlier_cycles(ledger, plan, before) if plan.rollover else []
    first = min(before.first, today - timedelta(days=HABIT_DAYS), *(period.first for period in earlier), today)
    usage = _usage(ledger, plan, devices, Period.days(first, max(today, cycle.first), zone))
    moved = usage.between(cycle.first, today)
    used = counted_bytes(plan, moved.received, moved.sent)
    cap = cap_with_rollover(plan, (_billed(plan, usage.between(cut.first, cut.last)) for cut in earlier))
    daily = _daily(plan, usage.days, moved)
    began = min(filter(None, map(ledger.first_seen, devices)), default=None)
    ahead = forecast(daily, cycle=cycle, now=int(now), zone=zone, used=used, began=began)
    days_left = (cycle.last - today).days + 1
    left = None if cap is None else cap - used
    day_number = (today - cycle.first).days
    return PlanStatus(
        plan=plan,
        cycle=cycle,
        devices=devices,
        bytes=moved,
        used=used,
        free=_total(usage.free, cycle.first, today).total,
        cap=cap,
        left=left,
        share=None if cap is None else used / cap if cap else 1.0,
        days_left=days_left,
        allowed_per_day=None if left is None else max(left, 0) // days_left,
        cost=cost(plan, used),
        forecast=ahead,
        forecast_cost=(cost(plan, ahead.expected), cost(plan, ahead.low), cost(plan, ahead.high)),
        cap_reached_at=None if cap is None else _reached(ledger, cycle, daily, now, used, cap, began),
        last_cycle=before,
        last_used=_billed(plan, usage.between(before.first, before.last)),
        last_used_by_now=_billed(
            plan, usage.between(before.first, min(before.first + timedelta(days=day_number), before.last))
        ),
    )


def _earlier_cycles(ledger: LedgerReader, plan: Plan, last: Period) -> list[Period]:
    """Cycles that were counted from end to end, oldest first."""
    began = ledger.first_seen()
    found: list[Period] = []
    while began is not None and last.start >= began and len(found) < ROLLOVER_CYCLES:
        found.append(last)
        last = cycle_before(plan, last, ledger.zone)
    return found[::-1]


def _usage(ledger: LedgerReader, plan: Plan, devices: frozenset[str], period: Period) -> _Usage:
    days: dict[date, Bytes] = {}
    free: dict[date, Bytes] = {}
    for device in devices:
        for day, moved in ledger.days(period.first, period.last, device).items():
            days[day] = days.get(day, NO_BYTES).plus(moved)
    for day in dates(period.first, period.last) if plan.free_hours else ():
        # Day by day: a window over midnight is of two days, and may be of two cycles.
        for start, end in free_windows(plan, Period.day(day, ledger.zone), ledger.zone):
            for device in devices:
                free[day] = free.get(day, NO_BYTES).plus(ledger.slots(start, end, device))
    for day, moved in free.items():
        whole = days.get(day, NO_BYTES)
        days[day] = Bytes(whole.received - moved.received, whole.sent - moved.sent)
    return _Usage(days, free)


def _daily(plan: Plan, days: dict[date, Bytes], cycle: Bytes) -> dict[date, int]:
    """Billed bytes of each day; where the larger direction is billed, the one that is larger in this cycle."""
    if plan.counts == "larger":
        receives_more = cycle.received >= cycle.sent
        return {day: moved.received if receives_more else moved.sent for day, moved in days.items()}
    return {day: _billed(plan, moved) for day, moved in days.items()}


def _reached(
    ledger: LedgerReader, cycle: Period, daily: dict[date, int], now: float, used: int, cap: int, began: int | None
) -> int | None:
    """When the forecast reaches the cap; for one that is reached already, when the days say that it was."""
    zone = ledger.zone
    if used < cap:
        return reached_at(daily, cycle=cycle, now=int(now), zone=zone, used=used, cap=cap, began=began)
    total = 0
    for day in dates(cycle.first, day_of(int(now), zone)):
        amount = daily.get(day, 0)
        if amount and total + amount >= cap:
            start, end = day_start(day, zone), min(day_start(day + timedelta(days=1), zone), int(now))
            return start + (end - start) * (cap - total) // amount
        total += amount
    return cycle.start


def _billed(plan: Plan, moved: Bytes) -> int:
    return counted_bytes(plan, moved.received, moved.sent)


def _total(days: dict[date, Bytes], first: date, last: date) -> Bytes:
    total = NO_BYTES
    for day, moved in days.items():
        if first <= day <= last:
            total = total.plus(moved)
    return total
