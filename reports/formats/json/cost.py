"""JSON about cost: the reference's cost block, and what a plan bills of a period."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003 - msgspec resolves the annotations at run time
from typing import TYPE_CHECKING

import msgspec

from reports.billing.prices import money
from reports.calendar.days import iso
from reports.formats.json.usage import Today
from reports.formats.shapes import Answer, DateText, Timestamp, Usage, usage_of
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.billing.cost import StretchCost
    from reports.billing.plans import Plan
    from reports.ledger.reader import Bytes

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

    `total` is the sum of `upload`, `download` and `base_price`, which only a plan that has one tells. `assumed`
    is there where nobody has set a price.
    """

    upload: CostPart
    download: CostPart
    total: CostPart
    cost_per_gb: float
    currency: str
    gigabyte_bytes: int
    base_price: BaseCost | msgspec.UnsetType = msgspec.UNSET
    assumed: bool = False


class TodayAndCost(Today, kw_only=True):
    """Since local midnight, and what of it the first plan bills."""

    cost: Cost


class Summary(Usage, kw_only=True):
    """Bytes since counting began, and what of them the first plan bills; null before the first interface is seen."""

    cost: Cost
    counting_since: Timestamp | None


class CostUsage(Answer):
    """The bytes that a cost is of: those that are billed; `free_bytes` were moved in free hours."""

    bytes_sent: int
    bytes_received: int
    total_bytes: int
    gb_used: float
    free_bytes: int = 0


class CostInfo(Answer):
    """How a cost was reckoned; `cost_per_gb_inr` only where the plan is INR.

    `counts` is what the plan bills, `prices` each step's price of a gigabyte with its end. `covered` is false for an
    interface that the plan does not bill.
    """

    cost_per_gb: float
    currency: str
    note: str
    plan: str
    counts: str
    prices: str
    cost_per_gb_inr: float | msgspec.UnsetType = msgspec.UNSET
    covered: bool = True


class CostAnswer(Answer, rename={"first": "from", "last": "to"}):
    """Usage of the days from `from` to `to`, what it costs, and at which price."""

    first: DateText
    last: DateText
    usage: CostUsage
    cost: Cost
    info: CostInfo


def cost_block(found: StretchCost, *, is_asked: bool = False) -> Cost:
    """Shape what a stretch costs; `is_asked`: at a price that was asked for."""
    billed, steps = found.billed, found.plan.price_steps
    return Cost(
        upload=_part(found, billed.sent, found.transmit),
        download=_part(found, billed.received, found.receive),
        total=_part(found, billed.total, found.total),
        base_price=_base(found) if found.plan.base_price else msgspec.UNSET,
        cost_per_gb=float(steps[0].price_per_gb) if steps else 0.0,
        currency=found.plan.currency,
        gigabyte_bytes=found.plan.gigabyte_bytes,
        assumed=not found.is_own and not is_asked,
    )


def today_and_cost(day: Today, found: StretchCost) -> TodayAndCost:
    """Add the cost to the shape of a day."""
    return TodayAndCost(**msgspec.structs.asdict(day), cost=cost_block(found))


def summary(used: Bytes, found: StretchCost, since: int | None, zone: ZoneInfo) -> Summary:
    """Shape all that was counted since then (UTC seconds), with its cost."""
    began = None if since is None else iso(since, zone)
    return Summary(**msgspec.structs.asdict(usage_of(used)), cost=cost_block(found), counting_since=began)


def cost_answer(found: StretchCost, *, is_asked: bool) -> CostAnswer:
    """Shape an answer about cost alone; `is_asked`: at a price that was asked for."""
    block, billed, held = cost_block(found, is_asked=is_asked), found.billed, found.plan
    return CostAnswer(
        first=found.first.isoformat(),
        last=found.bills[-1].last.isoformat(),
        usage=CostUsage(
            bytes_sent=billed.sent,
            bytes_received=billed.received,
            total_bytes=billed.total,
            gb_used=block.total.gb_used,
            free_bytes=found.free,
        ),
        cost=block,
        info=CostInfo(
            cost_per_gb=block.cost_per_gb,
            currency=block.currency,
            note="the price asked for" if is_asked else f"plan {held.name}" if found.is_own else NOTE,
            plan=held.name,
            counts=held.counts,
            prices=_prices(held),
            covered=found.is_covered,
            cost_per_gb_inr=block.cost_per_gb if block.currency == INR else msgspec.UNSET,
        ),
    )


def _part(found: StretchCost, amount: int, price: Decimal) -> CostPart:
    currency = found.plan.currency
    return CostPart(
        gb_used=round(amount / found.plan.gigabyte_bytes, 2),
        cost=float(price),
        cost_formatted=money(price, currency),
        cost_inr=float(price) if currency == INR else msgspec.UNSET,
    )


def _prices(plan: Plan) -> str:
    """Each step's price with its end: "5 EUR up to 100.00 GB, then 2.5 EUR"."""
    steps = [
        f"{price.normalize():f} {plan.currency}{f' up to {human_bytes(up_to)}' if up_to else ''}"
        for up_to, price in plan.price_steps
    ]
    return ", then ".join(steps) or f"0 {plan.currency}"


def _base(found: StretchCost) -> BaseCost:
    price, currency = found.base, found.plan.currency
    return BaseCost(
        cost=float(price),
        cost_formatted=money(price, currency),
        cost_inr=float(price) if currency == INR else msgspec.UNSET,
    )
