"""JSON about the cost of applications: rows that add up to the cost of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.billing.prices import money, rounded
from reports.formats.json.cost import prices_text
from reports.formats.json.forecast import Money
from reports.formats.shapes import Answer, DateText

if TYPE_CHECKING:
    from decimal import Decimal

    from reports.billing.application_cost import ApplicationCosts
    from reports.billing.plans import Plan
    from reports.ledger.reader import Bytes


class BilledBytes(Answer):
    """Billed bytes by direction, and their cost; below zero where more is attributed than interfaces have counted."""

    bytes_received: int
    bytes_sent: int
    total_bytes: int
    cost: Money


class ApplicationCost(BilledBytes):
    """One application."""

    application: str


class ApplicationCostAnswer(Answer, rename={"first": "from", "last": "to"}):
    """The cost of the days from `from` to `to` by application, the dearest first.

    `applications`, `unattributed` and `base_price` add up to `total`. `unattributed` are bytes of interfaces that no
    application was credited with: none for a plan of scopes. `assumed` is true if the price is netledger's.
    """

    first: DateText
    last: DateText
    plan: str
    counts: str
    prices: str
    gigabyte_bytes: int
    applications: list[ApplicationCost]
    unattributed: BilledBytes
    base_price: Money
    total: BilledBytes
    assumed: bool


def application_cost(found: ApplicationCosts, *, is_custom_price: bool) -> ApplicationCostAnswer:
    """Shape the cost by application; `is_custom_price`: at a price from the request."""
    whole, plan = found.whole, found.whole.plan
    return ApplicationCostAnswer(
        first=whole.first.isoformat(),
        last=whole.bills[-1].last.isoformat(),
        plan=plan.name,
        counts=plan.counts,
        prices=prices_text(plan),
        gigabyte_bytes=plan.gigabyte_bytes,
        applications=[
            ApplicationCost(application=row.name, **_billed(row.bytes, row.cost, plan)) for row in found.applications
        ],
        unattributed=BilledBytes(**_billed(found.unattributed.bytes, found.unattributed.cost, plan)),
        base_price=_money(whole.base, plan),
        total=BilledBytes(**_billed(whole.billed, whole.total, plan)),
        assumed=not whole.is_own and not is_custom_price,
    )


def _billed(moved: Bytes, cost: Decimal, plan: Plan) -> dict[str, Any]:
    return {
        "bytes_received": moved.received,
        "bytes_sent": moved.sent,
        "total_bytes": moved.total,
        "cost": _money(cost, plan),
    }


def _money(amount: Decimal, plan: Plan) -> Money:
    currency = plan.currency
    return Money(amount=float(rounded(amount, currency)), formatted=money(amount, currency), currency=currency)
