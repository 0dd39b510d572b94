"""JSON about cost: PacketBuddy's cost block, and the part of a period that a plan bills."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from reports.billing.prices import money
from reports.calendar.days import iso
from reports.formats.json.usage import Today
from reports.formats.shapes import Answer, ByteCount, DateText, HumanReadable, Timestamp, Usage, usage_of
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.billing.cost import StretchCost
    from reports.billing.plans import Plan
    from reports.usage.usage import Lifetime

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
    """The cost of bytes; `gigabyte_bytes` is the plan's gigabyte.

    `cost_per_gb` is the price of the first step; of prices by scope, that of the scopes without their own.

    `total` is the sum of `upload`, `download` and `base_price`, which is left out of a plan without one. `assumed` is
    true if the price is netledger's, not the settings'. `imported_bytes_across` are those of imported months or years
    that reach over an end of a cycle or of the period: how many are of which is not known, and none is billed.
    """

    upload: CostPart
    download: CostPart
    total: CostPart
    cost_per_gb: float
    currency: str
    gigabyte_bytes: int
    base_price: BaseCost | msgspec.UnsetType = msgspec.UNSET
    assumed: bool = False
    imported_bytes_across: ByteCount = 0


class GlobalUsage(Usage, kw_only=True):
    """Bytes of all machines of the mirror, and their cost at the prices of the first plan."""

    cost: Cost


class TodayAndCost(Today, kw_only=True, rename={"everywhere": "global"}):
    """Usage since local midnight, and the cost of what the first plan bills of it; `global` only with a mirror."""

    cost: Cost
    everywhere: GlobalUsage | msgspec.UnsetType = msgspec.UNSET


class Summary(Usage, kw_only=True, rename={"everywhere": "global"}):
    """Bytes since counting began, and the cost of what the first plan bills; `counting_since` is null before.

    `global` is there only with a mirror.
    """

    cost: Cost
    counting_since: Timestamp | None
    everywhere: GlobalUsage | msgspec.UnsetType = msgspec.UNSET


class CostUsage(Answer):
    """Billed bytes; `free_bytes` were moved in free hours."""

    bytes_sent: int
    bytes_received: int
    total_bytes: int
    gb_used: float
    free_bytes: int = 0


class CostInfo(Answer):
    """The plan and prices behind a cost; `cost_per_gb_inr` only of a plan in INR.

    `counts` names the direction that the plan bills, `prices` each step's price of a gigabyte with its end. `covered`
    is false for an interface that the plan does not bill.
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
    """Usage of the days from `from` to `to`, its cost, and the price."""

    first: DateText
    last: DateText
    usage: CostUsage
    cost: Cost
    info: CostInfo


def cost_block(found: StretchCost, *, is_custom_price: bool = False) -> Cost:
    """Shape the cost of a stretch; `is_custom_price`: at a price from the request."""
    billed, steps = found.billed, found.plan.price_steps
    return Cost(
        upload=_part(found, billed.sent, found.transmit),
        download=_part(found, billed.received, found.receive),
        total=_part(found, billed.total, found.total),
        base_price=_base(found) if found.plan.base_price else msgspec.UNSET,
        cost_per_gb=float(steps[0].price_per_gb) if steps else 0.0,
        currency=found.plan.currency,
        gigabyte_bytes=found.plan.gigabyte_bytes,
        assumed=not found.is_own and not is_custom_price,
        imported_bytes_across=found.across,
    )


def today_and_cost(day: Today, found: StretchCost) -> TodayAndCost:
    """Add the cost to the shape of a day."""
    return TodayAndCost(**msgspec.structs.asdict(day), cost=cost_block(found))


def summary(used: Lifetime, found: StretchCost, since: int | None, zone: ZoneInfo) -> Summary:
    """Shape all usage since counting began at `since` (UTC seconds), with its cost."""
    began = None if since is None else iso(since, zone)
    return Summary(**msgspec.structs.asdict(usage_of(*used)), cost=cost_block(found), counting_since=began)


def with_all_today(own: TodayAndCost, of_all: TodayAndCost) -> TodayAndCost:
    """Add what all machines moved today."""
    return msgspec.structs.replace(own, everywhere=_everywhere(of_all))


def with_all_ever(own: Summary, of_all: Summary) -> Summary:
    """Add what all machines ever moved."""
    return msgspec.structs.replace(own, everywhere=_everywhere(of_all))


def _everywhere(found: TodayAndCost | Summary) -> GlobalUsage:
    words = found.human_readable
    return GlobalUsage(
        bytes_sent=found.bytes_sent,
        bytes_received=found.bytes_received,
        total_bytes=found.total_bytes,
        human_readable=HumanReadable(sent=words.sent, received=words.received, total=words.total),
        cost=found.cost,
    )


def cost_answer(found: StretchCost, *, is_custom_price: bool) -> CostAnswer:
    """Shape an answer about cost alone; `is_custom_price`: at a price from the request."""
    block, billed, held = cost_block(found, is_custom_price=is_custom_price), found.billed, found.plan
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
            note="the price asked for" if is_custom_price else f"plan {held.name}" if found.is_own else NOTE,
            plan=held.name,
            counts=held.counts,
            prices=prices_text(held),
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


def prices_text(plan: Plan) -> str:
    """The price of each step with its end, or of each scope: "5 EUR up to 100.00 GB, then 2.5 EUR"."""
    if plan.scope_prices:
        others = plan.price_steps[0].price_per_gb if plan.price_steps else Decimal(0)
        prices = [f"{price.normalize():f} {plan.currency} for {scope}" for scope, price in plan.scope_prices]
        return ", ".join([*prices, f"{others.normalize():f} {plan.currency} for others"])
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
