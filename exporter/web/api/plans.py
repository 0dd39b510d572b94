"""Billing plans over HTTP: what is used and left, what it costs, what is to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from exporter.web.http.grafana import LinkContext
from exporter.web.http.queries import BadRequestError, OfInterface, Query
from exporter.web.http.routes import LedgerRequest, Routes
from reports.billing.cost import PERIODS, period_cost
from reports.billing.plans import named
from reports.billing.prices import PRICE, PriceError, parse_price
from reports.billing.status import plan_status
from reports.formats.json import cost as json_cost
from reports.formats.json import plans as shapes
from reports.formats.json.forecast import ForecastAnswer
from reports.formats.json.forecast import forecast as forecast_answer

if TYPE_CHECKING:
    from decimal import Decimal

    from reports.billing.plans import Plan
routes = Routes()

PlanName = Annotated[str, Meta(description="Name of a plan of the settings.", examples=["default"])]
Price = Annotated[
    str,
    Meta(
        description="Price of a gigabyte, 0 or more, in the plan's currency.",
        examples=["7.50"],
        extra_json_schema={"pattern": f"^{PRICE.pattern}$"},
    ),
]


PeriodName = Annotated[
    str,
    Meta(
        description="What is priced: today, or all since this week, month, year or cycle of the plan began.",
        extra_json_schema={"enum": list(PERIODS), "default": "today"},
    ),
]


class OfPlan(Query, frozen=True, kw_only=True):
    """Answers for one plan; every plan, or where one is needed the first."""

    plan: PlanName | None = None


class CostQuery(OfInterface, frozen=True, kw_only=True):
    """What a plan (the first) bills of a period until now, at its price or at another one."""

    period: PeriodName = "today"

    plan: PlanName | None = None
    cost_per_gb: Price | None = None


@routes.question("/api/plans", "Billing plans as they stand", link=LinkContext.plan)
def plans(request: LedgerRequest, query: OfPlan) -> shapes.Plans:
    """How each plan stands: used, cap, left, cost, forecast, the cycle before."""
    chosen = request.plans if query.plan is None else (_named(request, query.plan),)
    found = [plan_status(request.ledger, plan, request.now) for plan in chosen]
    return shapes.Plans(plans=[shapes.plan(status, request.zone) for status in found])


@routes.question("/api/forecast", "Use and cost at the end of the cycle", link=LinkContext.plan)
def forecast(request: LedgerRequest, query: OfPlan) -> ForecastAnswer:
    """What the cycle of a plan will have used and cost at its end."""
    status = plan_status(request.ledger, _named(request, query.plan), request.now)
    return forecast_answer(status, request.zone)


@routes.question("/api/cost", "Cost of today's usage, or of a period's", link=LinkContext.plan)
def cost(request: LedgerRequest, query: CostQuery) -> json_cost.CostAnswer:
    """What was moved since local midnight, or since another period began, and what it costs."""
    if query.period not in PERIODS:
        raise BadRequestError(f"period: {query.period!r} is refused; use {', '.join(PERIODS)}")
    plan, price = _named(request, query.plan), _price(query.cost_per_gb)
    found = period_cost(
        request.ledger, plan, query.period, request.now, price_per_gb=price, selection=request.selection
    )
    return json_cost.cost_answer(found, is_custom_price=price is not None)


def _named(request: LedgerRequest, name: str | None) -> Plan:
    return named(request.plans, name)


def _price(text: str | None) -> Decimal | None:
    """A price per gigabyte; raises BadRequestError for what is no amount of money."""
    if text is None:
        return None
    try:
        return parse_price(text)
    except PriceError as error:
        raise BadRequestError(f"cost_per_gb: {error}") from error
