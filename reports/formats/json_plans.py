"""JSON about billing plans and cost: the reference's cost block, and how each plan stands."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING

import msgspec

from reports.amounts import compatible_bytes
from reports.formats.json import Answer, DateText, Timestamp, Today, Usage, usage
from reports.formats.json_forecast import ForecastAnswer, Money, forecast, money_of
from reports.periods import iso
from reports.prices import money

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.ledger_reader import Bytes
    from reports.periods import Period
    from reports.plan_cost import StretchCost
    from reports.plan_status import PlanStatus

INR = "INR"
NOTE = "Based on average Indian mobile data costs (2026)"


class CostPart(Answer):
    """Cost of one direction, or of all; `gb_used` in the plan's gigabytes. `cost_inr` only where the plan is INR."""

    gb_used: float
    cost: float
    cost_formatted: str
    cost_inr: float | msgspec.UnsetType = msgspec.UNSET


class BaseCost(Answer):
    """Base prices of the cycles that began."""

    cost: float
    cost_formatted: str
    cost_inr: float | msgspec.UnsetType = msgspec.UNSET


class Cost(Answer):
    """What bytes cost; `gigabyte_bytes` says what a gigabyte is here, `cost_per_gb` is the price of the first step.

    `total` is the sum of `upload`, `download` and `base_price`, which only a plan that has one tells.
    """

    upload: CostPart
    download: CostPart
    total: CostPart
    cost_per_gb: float
    currency: str
    gigabyte_bytes: int
    base_price: BaseCost | msgspec.UnsetType = msgspec.UNSET


class TodayAndCost(Today, kw_only=True):
    """Since local midnight, and what of it the first plan bills."""

    cost: Cost


class UsageAndCost(Usage, kw_only=True):
    """Bytes, and what of them the first plan bills."""

    cost: Cost


class CostUsage(Answer):
    """The bytes that a cost is of: those that are billed."""

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
    """The cycle before: all of it, null where it was not counted, and whether it was from end to end.

    `used_bytes_by_this_day` is what it had used when it was as old as the current one is now, to the minute; null where
    that is not known.
    """

    cycle: CycleAnswer
    used_bytes: int | None
    used_bytes_by_this_day: int | None
    counted_whole: bool


class PlanWords(Answer):
    """Amounts as people read them, in units of 1000."""

    used: str
    cap: str | None
    left: str | None
    allowed_per_day: str | None


class PlanAnswer(Answer):
    """How a plan stands; cap, left, share and allowed per day are null without a cap, cost without a price.

    `carried_bytes` of the cap are what earlier cycles left; `free_until` is when the free hours of now end.
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
    free_until: Timestamp | None
    cap_bytes: int | None
    carried_bytes: int | None
    left_bytes: int | None
    used_ratio: float | None
    days_left: int
    allowed_per_day_bytes: int | None
    cost: Money | None
    gigabyte_bytes: int
    forecast: ForecastAnswer
    cap_reached_at: str | None
    last_cycle: LastCycle
    human_readable: PlanWords
    free_hours_since: DateText | msgspec.UnsetType = msgspec.UNSET


class Plans(Answer):
    """Every plan of the settings."""

    plans: list[PlanAnswer]


def cost_block(found: StretchCost) -> Cost:
    """Shape what a stretch costs."""
    billed, steps = found.billed, found.plan.price_steps
    return Cost(
        upload=_part(found, billed.sent, found.transmit),
        download=_part(found, billed.received, found.receive),
        total=_part(found, billed.total, found.total),
        base_price=_base(found) if found.plan.base_price else msgspec.UNSET,
        cost_per_gb=float(steps[0].price_per_gb) if steps else 0.0,
        currency=found.plan.currency,
        gigabyte_bytes=found.plan.gigabyte_bytes,
    )


def today_and_cost(day: Today, found: StretchCost) -> TodayAndCost:
    """Add the cost to the shape of a day."""
    return TodayAndCost(**msgspec.structs.asdict(day), cost=cost_block(found))


def usage_and_cost(used: Bytes, found: StretchCost) -> UsageAndCost:
    """Shape an amount with its cost."""
    return UsageAndCost(**msgspec.structs.asdict(usage(used)), cost=cost_block(found))


def cost_answer(found: StretchCost, *, is_asked: bool) -> CostAnswer:
    """Shape an answer about cost alone; `is_asked`: at a price that was asked for."""
    block, billed = cost_block(found), found.billed
    return CostAnswer(
        usage=CostUsage(
            bytes_sent=billed.sent,
            bytes_received=billed.received,
            total_bytes=billed.total,
            gb_used=block.total.gb_used,
        ),
        cost=block,
        info=CostInfo(
            cost_per_gb=block.cost_per_gb,
            currency=block.currency,
            note="the price asked for" if is_asked else f"plan {found.plan.name}" if found.is_own else NOTE,
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
        free_until=None if status.free_until is None else iso(status.free_until, zone),
        cap_bytes=status.cap,
        carried_bytes=None if status.cap is None else status.carried,
        left_bytes=status.left,
        used_ratio=None if status.share is None else round(status.share, 6),
        days_left=status.days_left,
        allowed_per_day_bytes=status.allowed_per_day,
        cost=money_of(status.cost, held),
        gigabyte_bytes=held.gigabyte_bytes,
        forecast=forecast(status, zone),
        cap_reached_at=None if status.cap_reached_at is None else iso(status.cap_reached_at, zone),
        last_cycle=LastCycle(
            cycle=_cycle(before, zone),
            used_bytes=status.last_used,
            used_bytes_by_this_day=status.last_used_by_now,
            counted_whole=status.is_last_whole,
        ),
        human_readable=PlanWords(
            used=compatible_bytes(status.used),
            cap=_words(status.cap),
            left=_words(status.left),
            allowed_per_day=_words(status.allowed_per_day),
        ),
        free_hours_since=msgspec.UNSET if status.free_hours_since is None else status.free_hours_since.isoformat(),
    )


def _part(found: StretchCost, amount: int, price: Decimal) -> CostPart:
    currency = found.plan.currency
    return CostPart(
        gb_used=round(amount / found.plan.gigabyte_bytes, 2),
        cost=float(price),
        cost_formatted=money(price, currency),
        cost_inr=float(price) if currency == INR else msgspec.UNSET,
    )


def _base(found: StretchCost) -> BaseCost:
    price, currency = found.base, found.plan.currency
    return BaseCost(
        cost=float(price),
        cost_formatted=money(price, currency),
        cost_inr=float(price) if currency == INR else msgspec.UNSET,
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
    return compatible_bytes(amount) if amount >= 0 else f"-{compatible_bytes(-amount)}"
