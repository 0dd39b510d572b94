"""JSON about forecasts: usage and cost of a plan's cycle at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.billing.forecast import why_unknown
from reports.billing.prices import has_price, money, rounded
from reports.calendar.days import iso
from reports.formats.shapes import Answer, Timestamp
from reports.text.amounts import compatible_bytes

if TYPE_CHECKING:
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from reports.billing.plans import Plan
    from reports.billing.status import PlanStatus


class Money(Answer):
    """An amount of money, exact to the currency's digits."""

    amount: float
    formatted: str
    currency: str


class ForecastAnswer(Answer):
    """Usage and cost of the cycle at its end, with the range of eight of ten outcomes.

    All null until an hour of the cycle or a whole day is counted: `reason` says so, else it is null.
    `counting_since` is when counting of the plan's interfaces began. Costs are null without a price.
    """

    expected_bytes: int | None
    low_bytes: int | None
    high_bytes: int | None
    cost: Money | None
    cost_low: Money | None
    cost_high: Money | None
    method: str | None
    human_readable: str | None
    reason: str | None
    counting_since: Timestamp | None


def forecast(status: PlanStatus, zone: ZoneInfo) -> ForecastAnswer:
    """Shape the forecast of a plan's cycle."""
    ahead = status.forecast
    costs = [money_of(amount, status.plan) for amount in status.forecast_cost or ()] or (None, None, None)
    expected, low, high = costs
    return ForecastAnswer(
        expected_bytes=ahead and ahead.expected,
        low_bytes=ahead and ahead.low,
        high_bytes=ahead and ahead.high,
        cost=expected,
        cost_low=low,
        cost_high=high,
        method=ahead and ahead.method,
        human_readable=ahead and compatible_bytes(ahead.expected),
        reason=None if ahead else why_unknown(status.counted_seconds),
        counting_since=None if status.began is None else iso(status.began, zone),
    )


def money_of(amount: Decimal, plan: Plan) -> Money | None:
    """Shape an amount of money; None if the plan has no price."""
    if not has_price(plan):
        return None
    currency = plan.currency
    return Money(amount=float(rounded(amount, currency)), formatted=money(amount, currency), currency=currency)
