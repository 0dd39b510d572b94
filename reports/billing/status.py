"""The status of a billing plan: used, cap, left, cost, forecast, and the cycle before for comparison."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage, covered_subjects, meter_total
from reports.billing.forecast import HABIT_DAYS, Forecast, forecast, reached_at
from reports.billing.plans import (
    ROLLOVER_CYCLES,
    Plan,
    cap_with_rollover,
    counted_bytes,
    cycle_before,
    cycle_of,
    free_until,
)
from reports.billing.prices import cost, cost_by_scope, decimal_of
from reports.calendar.days import ONE_DAY, SLOT_SECONDS, day_of, day_start, moment_on
from reports.ledger.imported import imported
from reports.ledger.intervals import counting_began, days_known_since
from reports.ledger.reader import Bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from reports.billing.sharing import Sharing
    from reports.calendar.period import Period
    from reports.ledger.reader import LedgerReader


class PlanStatus(NamedTuple):
    """A plan now. Bytes are integers; money is exact in the plan's currency; instants are UTC seconds.

    `used` is what the plan bills of the cycle so far, `bytes` the same by direction, `free` what moved in free hours;
    `cap` includes what was carried over. `devices` are the interfaces that the plan covers. `last_used` is None if the
    cycle before was not counted, and what was counted of it unless `is_last_whole`. `last_used_by_now` is what it had
    used when it was as old as this one is now; None unless it was counted whole and its quarter hours of that day are
    kept. `free_hours_since` is the first day with known free hours, if this cycle or the one before has older ones,
    billed in full; else None. `forecast` is None until enough is known; `counted_seconds` of the cycle lie after
    counting of what the plan covers `began`, which is None before. `free_until` is when the free hours of now end;
    None while bytes count. `cap_reached_at` is None without a cap, and if the forecast does not reach it. `scopes` are
    the used bytes by scope of a plan with prices by scope; before it has used any, those of the cycle before. Other
    programs have counted the part `imported` of the used bytes. `across` are imported bytes of spans that reach over
    an end of this cycle, `last_across` of the one before: how many of them are of the cycle is not known, and none is
    in it. `sharing` are the machines that share the plan; None of a plan of this machine.
    """

    plan: Plan
    cycle: Period
    devices: frozenset[str]
    bytes: Bytes
    used: int
    free: int
    cap: int | None
    days_left: int
    forecast: Forecast | None
    cap_reached_at: int | None
    last_cycle: Period
    last_used: int | None
    last_used_by_now: int | None
    is_last_whole: bool
    began: int | None
    counted_seconds: int
    free_hours_since: date | None = None
    free_until: int | None = None
    scopes: Mapping[str, int] = MappingProxyType({})
    imported: int = 0
    across: int = 0
    last_across: int = 0
    sharing: Sharing | None = None

    def with_used(self, used: int, scopes: Mapping[str, int]) -> PlanStatus:
        """The status after some more bytes of the same cycle: the forecast expects no less than what is used."""
        return self._replace(used=used, forecast=self.forecast and self.forecast.from_used(used), scopes=scopes)

    @property
    def left(self) -> int | None:
        """Bytes left of the cap, below zero if it is exceeded; None without a cap."""
        return None if self.cap is None else self.cap - self.used

    @property
    def share(self) -> float | None:
        """Used share of the cap, 1 of a cap of nothing; None without a cap."""
        return None if self.cap is None else self.used / self.cap if self.cap else 1.0

    @property
    def allowed_per_day(self) -> int | None:
        """Bytes that each day left, today included, may use; None without a cap."""
        return None if self.left is None else max(self.left, 0) // self.days_left

    @property
    def carried(self) -> int:
        """Bytes of the cap that earlier cycles left."""
        return 0 if self.cap is None else self.cap - (self.plan.cap_bytes or 0)

    @property
    def cost(self) -> Decimal:
        """Cost of the cycle so far."""
        return self.cost_of(self.used)

    def cost_of(self, used: int) -> Decimal:
        """Cost of the cycle with so many bytes; at prices by scope, in the mix of the cycle so far."""
        plan, whole = self.plan, sum(self.scopes.values())
        if not plan.scope_prices:
            return cost(plan, used)
        exact = cost_by_scope(plan, self.scopes)
        if used == whole:
            return exact
        return decimal_of(Fraction(plan.base_price) + Fraction(exact - plan.base_price) * used / (whole or 1))

    @property
    def forecast_cost(self) -> tuple[Decimal, Decimal, Decimal] | None:
        """Expected cost of the cycle, and the ends of its range; None without a forecast."""
        ahead = self.forecast
        return ahead and (self.cost_of(ahead.expected), self.cost_of(ahead.low), self.cost_of(ahead.high))

    @property
    def thresholds(self) -> tuple[tuple[int, bool], ...]:
        """Each alert threshold (percent of the cap), and whether this cycle has reached it."""
        cap = self.cap
        return () if cap is None else tuple((at, self.used * 100 >= cap * at) for at in self.plan.alert_at)


class _Amounts(NamedTuple):
    """Billed bytes: of this cycle, of the last days in the direction that decides, and of the cycle before."""

    moved: Bytes
    free: Bytes
    daily: dict[date, int]
    last: int
    last_by_now: int | None


def plan_status(ledger: LedgerReader, plan: Plan, now: float) -> PlanStatus:
    """The status in the cycle that `now` (UTC seconds) is in."""
    zone, today = ledger.zone, day_of(int(now), ledger.zone)
    cycle = cycle_of(plan, today, zone)
    before = cycle_before(plan, cycle, zone)
    covered = covered_subjects(ledger, plan)
    usage = BilledUsage(ledger, plan, covered)
    amounts = _amounts(usage, cycle, before, int(now))
    used = _billed(plan, amounts.moved)
    cap = cap_with_rollover(plan, _used_before(ledger, usage, before, amounts.last))
    began = counting_began(ledger, covered)
    is_last_whole = began is not None and began <= before.start
    known = days_known_since(ledger, covered)
    earlier = _earlier(usage, amounts, cycle, known) if ledger.has_past and known is not None else 0
    basis = _Basis(cycle, int(now), zone, used - earlier, int(now) if known is None else known)
    ahead = forecast(amounts.daily, **basis._asdict())
    brought = imported(ledger, cycle.first, today, usage.selection).total
    return PlanStatus(
        plan=plan,
        cycle=cycle,
        devices=frozenset(covered.names),
        bytes=amounts.moved,
        used=used,
        free=amounts.free.total,
        cap=cap,
        days_left=(cycle.last - today).days + 1,
        forecast=ahead and ahead.plus(earlier),
        cap_reached_at=None if cap is None else _reached(usage, amounts, basis, cap, earlier=earlier),
        last_cycle=before,
        last_used=amounts.last if began is not None and began < before.end else None,
        last_used_by_now=amounts.last_by_now if is_last_whole else None,
        is_last_whole=is_last_whole,
        began=began,
        counted_seconds=cycle.span.counted_seconds(now, began),
        free_hours_since=None if usage.has_all_free_hours(before.first, today) else usage.free_since,
        free_until=free_until(plan, int(now), zone),
        scopes=_scopes(usage, cycle, before, used),
        imported=in_direction(plan, brought, amounts.moved),
        across=usage.across([(cycle.first, cycle.last)]).total,
        last_across=usage.across([(before.first, before.last)]).total,
    )


def _earlier(usage: BilledUsage, amounts: _Amounts, cycle: Period, known: int) -> int:
    """Billed bytes of the cycle before the day from which each is known: no part of a forecast's pace."""
    last = day_of(known, usage.zone) - ONE_DAY
    if last < cycle.first:
        return 0
    return in_direction(usage.plan, usage.total(cycle.first, last).billed, amounts.moved)


def _scopes(usage: BilledUsage, cycle: Period, before: Period, used: int) -> Mapping[str, int]:
    if not usage.plan.scope_prices:
        return {}
    period = cycle if used else before
    return usage.used_by_scope(period.first, period.last)


class _Basis(NamedTuple):
    """Arguments of a forecast, by their names."""

    cycle: Period
    now: int
    zone: ZoneInfo
    used: int
    began: int


def _amounts(usage: BilledUsage, cycle: Period, before: Period, now: int) -> _Amounts:
    # Day by day only as far back as the forecast needs: a cycle may be a year.
    plan, today = usage.plan, day_of(now, usage.zone)
    lately = today - timedelta(days=HABIT_DAYS)
    days = usage.days(lately, today)
    moved, free = days.since(cycle.first).plus(usage.total(cycle.first, lately - ONE_DAY))
    if usage.spans:
        earlier, every = usage.in_spans(cycle.first, lately - ONE_DAY), usage.in_spans(cycle.first, today)
        moved = moved.plus(Bytes(every.received - earlier.received, every.sent - earlier.sent))
    daily = {day: in_direction(plan, bytes_of_day, moved) for day, bytes_of_day in days.billed.items()}
    last = usage.total(before.first, before.last).billed
    same_day = before.first + (today - cycle.first)
    is_over = same_day > before.last
    by_now = last if is_over else usage.until(before.first, moment_on(same_day, now, usage.zone))
    return _Amounts(moved, free, daily, _billed(plan, last), by_now and _billed(plan, by_now))


def _used_before(ledger: LedgerReader, usage: BilledUsage, last: Period, last_used: int) -> Iterator[int]:
    """Billed bytes of earlier cycles, the last one first, up to the first that was not counted from end to end."""
    began = ledger.first_seen(meter_total(usage.selection))
    for number in range(ROLLOVER_CYCLES):
        if began is None or last.start < began or not usage.has_all_free_hours(last.first, last.last):
            return
        yield _billed(usage.plan, usage.total(last.first, last.last).billed) if number else last_used
        last = cycle_before(usage.plan, last, ledger.zone)


def _reached(usage: BilledUsage, amounts: _Amounts, basis: _Basis, cap: int, *, earlier: int) -> int | None:
    """When the forecast reaches the cap; for one that is reached already, when that was."""
    if basis.used + earlier < cap:
        return reached_at(amounts.daily, **basis._asdict(), cap=cap - earlier)
    cycle, now, zone = basis.cycle, basis.now, basis.zone
    today, total = day_of(now, zone), 0
    in_spans = [(span.last, span.bytes) for span in usage.spans if cycle.first <= span.first and span.last <= today]
    for day, moved in sorted([*usage.days(cycle.first, today).billed.items(), *in_spans]):
        amount = in_direction(usage.plan, moved, amounts.moved)
        if amount and total + amount >= cap and (day, moved) in in_spans:
            return min(day_start(day + ONE_DAY, zone), now)  # until then at the latest
        if amount and total + amount >= cap:
            slots = [
                (start, start + SLOT_SECONDS, in_direction(usage.plan, part, amounts.moved))
                for start, part in usage.slots_of(day)
            ]
            if sum(part for _, _, part in slots) != amount:
                # Its quarter hours are no longer kept: the day is all that is known.
                slots = [(day_start(day, zone), day_start(day + ONE_DAY, zone), amount)]
            return _crossing(slots, cap - total, now)
        total += amount
    return cycle.start


def _crossing(stretches: Iterable[tuple[int, int, int]], missing: int, now: int) -> int:
    """The instant at which so many bytes were reached in (start, end, bytes), each moved evenly until `now`."""
    for start, end, amount in stretches:
        if amount and amount >= missing:
            return start + (min(end, max(now, start)) - start) * missing // amount
        missing -= amount
    return now


def _billed(plan: Plan, moved: Bytes) -> int:
    return counted_bytes(plan, moved.received, moved.sent)


def in_direction(plan: Plan, moved: Bytes, cycle: Bytes) -> int:
    """Billed bytes of a part; where the larger direction is billed, of the one that is larger in this cycle."""
    if plan.counts == "larger":
        return moved.received if cycle.received >= cycle.sent else moved.sent
    return _billed(plan, moved)
