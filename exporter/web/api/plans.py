"""Billing plans over HTTP: what is used and left, what it costs, what is to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from exporter.web.http.endpoints import BadRequestError, Endpoint, OfInterface, Query
from reports.billing.cost import PERIODS, period_cost
from reports.billing.plans import named
from reports.billing.prices import PRICE, PriceError
from reports.billing.prices import parse_price as parse
from reports.billing.status import plan_status
from reports.formats.json import cost as json_cost
from reports.formats.json import plans as shapes
from reports.formats.json.forecast import ForecastAnswer
from reports.formats.json.forecast import forecast as forecast_answer

if TYPE_CHECKING:
    from decimal import Decimal

    from exporter.settings.tree import Settings
    from exporter.web.context import ServiceContext
    from reports.billing.plans import Plan
    from reports.ledger.reader import LedgerReader


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


async def plans(context: ServiceContext, query: OfPlan) -> shapes.Plans:
    """How each plan stands: used, cap, left, cost, forecast, the cycle before."""
    context.fresh_snapshot()
    chosen = context.settings.plans
    if query.plan is not None:
        chosen = (named_plan(context.settings, query.plan),)
    now = context.now

    def answer(ledger: LedgerReader) -> list[shapes.PlanAnswer]:
        return [shapes.plan(plan_status(ledger, plan, now), ledger.zone) for plan in chosen]

    return shapes.Plans(plans=await context.ask(answer))


async def forecast(context: ServiceContext, query: OfPlan) -> ForecastAnswer:
    """What the cycle of a plan will have used and cost at its end."""
    context.fresh_snapshot()
    plan, now = named_plan(context.settings, query.plan), context.now
    return await context.ask(lambda ledger: forecast_answer(plan_status(ledger, plan, now), ledger.zone))


async def cost(context: ServiceContext, query: CostQuery) -> json_cost.CostAnswer:
    """What was moved since local midnight, or since another period began, and what it costs."""
    if query.period not in PERIODS:
        raise BadRequestError(f"period: {query.period!r} is refused; use {', '.join(PERIODS)}")
    context.fresh_snapshot()
    plan, price, now = named_plan(context.settings, query.plan), parse_price(query.cost_per_gb), context.now

    def answer(ledger: LedgerReader) -> json_cost.CostAnswer:
        ledger.require_interface(query.interface)
        found = period_cost(ledger, plan, query.period, now, price_per_gb=price, device=query.interface)
        return json_cost.cost_answer(found, is_asked=price is not None)

    return await context.ask(answer)


def named_plan(settings: Settings, name: str | None) -> Plan:
    """The plan of this name, the first one by default; raises PlanError."""
    return named(settings.plans, name)


def parse_price(text: str | None) -> Decimal | None:
    """A price per gigabyte; raises BadRequestError for what is no amount of money."""
    if text is None:
        return None
    try:
        return parse(text)
    except PriceError as error:
        raise BadRequestError(f"cost_per_gb: {error}") from error


ENDPOINTS = (
    Endpoint("GET", "/api/plans", "Billing plans as they stand", OfPlan, shapes.Plans, plans),
    Endpoint("GET", "/api/forecast", "Use and cost at the end of the cycle", OfPlan, ForecastAnswer, forecast),
    Endpoint("GET", "/api/cost", "Cost of today's usage, or of a period's", CostQuery, json_cost.CostAnswer, cost),
)
