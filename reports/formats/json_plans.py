"""JSON about billing plans and cost: the reference's cost block, and how each plan stands."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING

import msgspec

from reports.amounts import human_bytes
from reports.formats.json import Answer, DateText, Today, Usage, usage
from reports.formats.json_forecast import ForecastAnswer, Money, forecast, money_of
from reports.periods import iso
from reports.prices import assumed_price, cost, has_price, money, one_price, rounded

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.ledger_reader import Bytes
    from reports.periods import Period
    from reports.plan_status import PlanStatus
    from reports.plans import Plan

INR = "INR"
NOTE = "Based on average Indian mobile data costs (2026)"


class CostPart(Answer):
    """Cost of one direction, or of both; `gb_used` in the plan's gigabytes. `cost_inr` only where the plan is INR."""

    gb_used: float
    cost: float
    cost_formatted: str
    cost_inr: float | msgspec.UnsetType = msgspec.UNSET


class Cost(Answer):
    """What bytes cost; `gigabyte_bytes` says what a gigabyte is here."""

    upload: CostPart
    download: CostPart
    total: CostPart
    cost_per_gb: float
    currency: str
    gigabyte_bytes: int


class TodayAndCost(Today, kw_only=True):
    """Since local midnight, and what it costs at the first plan's price."""

    cost: Cost


class UsageAndCost(Usage, kw_only=True):
    """Bytes, and what they cost at the first plan's price."""

    cost: Cost


class CostUsage(Answer):
    """The bytes that a cost is of."""

    bytes_sent: int
    bytes_received: int
    total_bytes: int
    gb_used: float


class CostInfo(Answer):
    """How a cost was reckoned; `cost_per_gb_inr` only where the plan is INR."""

    cost_per_gb: float
    currency: str
    note: str
    cost_per_gb_inr: float | msgspec.UnsetType = msgspec.UNSET


class CostAnswer(Answer):
    """Usage, what it costs, and at which price."""

    usage: CostUsage
    cost: Cost
    info: CostInfo


class CycleAnswer(Answer, rename={"first": "from", "last": "to"}):
    """A billing cycle: its first and last local day, and the instants it begins and ends at."""

    first: str
    last: str
    start: str
    end: str


class LastCycle(Answer):
    """The cycle before: all of it, and what it had used by the same day."""

    cycle: CycleAnswer
    used_bytes: int
    used_bytes_by_this_day: int


class PlanWords(Answer):
    """Amounts as people read them, in units of 1000."""

    used: str
    cap: str | None
    left: str | None
    allowed_per_day: str | None


class PlanAnswer(Answer):
    """How a plan stands; cap, left, share and allowed per day are null without a cap.

    `free_hours_since` is there where this cycle or the last has days whose quarter hours are deleted: the first day of
    which free hours are known, those of earlier days being billed.
    """

    name: str
    interfaces: list[str]
    counts: str
    cycle: CycleAnswer
    used_bytes: int
    bytes_received: int
    bytes_sent: int
    free_bytes: int
    cap_bytes: int | None
    left_bytes: int | None
    used_ratio: float | None
    days_left: int
    allowed_per_day_bytes: int | None
    cost: Money
    gigabyte_bytes: int
    forecast: ForecastAnswer
    cap_reached_at: str | None
    last_cycle: LastCycle
    human_readable: PlanWords
    free_hours_since: DateText | msgspec.UnsetType = msgspec.UNSET


class Plans(Answer):
    """Every plan of the settings."""

    plans: list[PlanAnswer]


def cost_block(used: Bytes, plan: Plan, price_per_gb: Decimal | None = None) -> Cost:
    """Price bytes by the plan's first price per gigabyte, by `price_per_gb`, or, unpriced, by the standard tier."""
    priced = _at(plan, price_per_gb)
    return Cost(
        upload=_part(priced, used.sent),
        download=_part(priced, used.received),
        total=_part(priced, used.total),
        cost_per_gb=float(priced.price_steps[0].price_per_gb),
        currency=priced.currency,
        gigabyte_bytes=priced.gigabyte_bytes,
    )


def today_and_cost(day: Today, used: Bytes, plan: Plan) -> TodayAndCost:
    """Add the cost to the shape of a day."""
    return TodayAndCost(**msgspec.structs.asdict(day), cost=cost_block(used, plan))


def usage_and_cost(used: Bytes, plan: Plan) -> UsageAndCost:
    """Shape an amount with its cost."""
    return UsageAndCost(**msgspec.structs.asdict(usage(used)), cost=cost_block(used, plan))


def cost_answer(used: Bytes, plan: Plan, price_per_gb: Decimal | None = None) -> CostAnswer:
    """Shape an answer about cost alone."""
    block = cost_block(used, plan, price_per_gb)
    is_assumed = price_per_gb is None and not has_price(plan)
    return CostAnswer(
        usage=CostUsage(
            bytes_sent=used.sent, bytes_received=used.received, total_bytes=used.total, gb_used=block.total.gb_used
        ),
        cost=block,
        info=CostInfo(
            cost_per_gb=block.cost_per_gb,
            currency=block.currency,
            note=NOTE if is_assumed else f"plan {plan.name}" if price_per_gb is None else "the price asked for",
            cost_per_gb_inr=block.cost_per_gb if block.currency == INR else msgspec.UNSET,
        ),
    )


def plan(status: PlanStatus, zone: ZoneInfo) -> PlanAnswer:
    """Shape how a plan stands."""
    held = status.plan
    cycle, before = status.cycle, status.last_cycle
    return PlanAnswer(
        name=held.name,
        interfaces=list(held.interfaces),
        counts=held.counts,
        cycle=_cycle(cycle, zone),
        used_bytes=status.used,
        bytes_received=status.bytes.received,
        bytes_sent=status.bytes.sent,
        free_bytes=status.free,
        cap_bytes=status.cap,
        left_bytes=status.left,
        used_ratio=None if status.share is None else round(status.share, 6),
        days_left=status.days_left,
        allowed_per_day_bytes=status.allowed_per_day,
        cost=money_of(status.cost, held.currency),
        gigabyte_bytes=held.gigabyte_bytes,
        forecast=forecast(status, zone),
        cap_reached_at=None if status.cap_reached_at is None else iso(status.cap_reached_at, zone),
        last_cycle=LastCycle(
            cycle=_cycle(before, zone), used_bytes=status.last_used, used_bytes_by_this_day=status.last_used_by_now
        ),
        human_readable=PlanWords(
            used=human_bytes(status.used),
            cap=_words(status.cap),
            left=_words(status.left),
            allowed_per_day=_words(status.allowed_per_day),
        ),
        free_hours_since=msgspec.UNSET if status.free_hours_since is None else status.free_hours_since.isoformat(),
    )


def _at(held: Plan, price_per_gb: Decimal | None) -> Plan:
    if price_per_gb is not None:
        return held._replace(price_steps=one_price(price_per_gb), base_price=held.base_price * 0)
    priced = assumed_price(held)
    if not priced.price_steps:
        priced = priced._replace(price_steps=one_price(priced.base_price * 0))
    return priced._replace(price_steps=one_price(priced.price_steps[0].price_per_gb), base_price=held.base_price * 0)


def _part(priced: Plan, amount: int) -> CostPart:
    price = rounded(cost(priced, amount), priced.currency)
    return CostPart(
        gb_used=round(amount / priced.gigabyte_bytes, 2),
        cost=float(price),
        cost_formatted=money(price, priced.currency),
        cost_inr=float(price) if priced.currency == INR else msgspec.UNSET,
    )


def _cycle(cycle: Period, zone: ZoneInfo) -> CycleAnswer:
    return CycleAnswer(
        first=cycle.first.isoformat(),
        last=cycle.last.isoformat(),
        start=iso(cycle.start, zone),
        end=iso(cycle.end, zone),
    )


def _words(amount: int | None) -> str | None:
    """A cap that is exceeded leaves less than nothing."""
    if amount is None:
        return None
    return human_bytes(amount) if amount >= 0 else f"-{human_bytes(-amount)}"
