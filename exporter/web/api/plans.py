"""Billing plans over HTTP: what is used and left, what it costs, what is to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from exporter.web.http.grafana import LinkContext
from exporter.web.http.queries import BadRequestError, Hosts, NoQuery, OfSelection, Query, Scopes
from exporter.web.http.routes import LedgerRequest, Routes
from reports.billing.application_cost import application_costs
from reports.billing.cost import PERIODS, days_of_period, period_cost
from reports.billing.limits import limit_statuses
from reports.billing.plans import named
from reports.billing.prices import PRICE, PriceError, parse_price
from reports.calendar.days import day_of
from reports.formats.json import application_cost as by_application
from reports.formats.json import cost as json_cost
from reports.formats.json import limits as json_limits
from reports.formats.json import plans as shapes
from reports.formats.json.forecast import ForecastAnswer
from reports.formats.json.forecast import forecast as forecast_answer
from reports.usage.scopes import select_usage

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
        description="What is priced: today, all since this week, month, year or cycle of the plan began, or the cycle "
        "before.",
        extra_json_schema={"enum": list(PERIODS), "default": "today"},
    ),
]


class OfPlan(Query, frozen=True, kw_only=True):
    """Answers for one plan; every plan, or where one is needed the first."""

    plan: PlanName | None = None


class CostQuery(OfSelection, frozen=True, kw_only=True):
    """What a plan (the first) bills of a period until now, at its price or at another one."""

    period: PeriodName = "today"

    plan: PlanName | None = None
    cost_per_gb: Price | None = None


class ApplicationCostQuery(Query, frozen=True, kw_only=True):
    """What a plan (the first) bills of a period, of some scopes or, with the base price, of all."""

    period: PeriodName = "today"
    plan: PlanName | None = None
    scope: Scopes = ()
    hosts: Hosts = ()
    cost_per_gb: Price | None = None


@routes.question("/api/plans", "Billing plans as they stand", link=LinkContext.plan)
def plans(request: LedgerRequest, query: OfPlan) -> shapes.Plans:
    """How each plan stands: used, cap, left, cost, forecast, the cycle before."""
    chosen = request.plans if query.plan is None else (_named(request, query.plan),)
    found = [request.status(plan) for plan in chosen]
    return shapes.Plans(plans=[shapes.plan(status, request.zone, request.now) for status in found])


@routes.question("/api/forecast", "Use and cost at the end of the cycle", link=LinkContext.plan)
def forecast(request: LedgerRequest, query: OfPlan) -> ForecastAnswer:
    """What the cycle of a plan will have used and cost at its end."""
    status = request.status(_named(request, query.plan))
    return forecast_answer(status, request.zone)


@routes.question("/api/cost", "Cost of today's usage, or of a period's", link=LinkContext.plan)
def cost(request: LedgerRequest, query: CostQuery) -> json_cost.CostAnswer:
    """What was moved since local midnight, or since another period began, and what it costs."""
    plan, price, period = _named(request, query.plan), _price(query.cost_per_gb), _known(query.period)
    found = period_cost(request.ledger, plan, period, request.now, price_per_gb=price, selection=request.selection)
    return json_cost.cost_answer(found, is_custom_price=price is not None)


@routes.question("/api/cost/applications", "Cost of a period by application", link=LinkContext.plan)
def application_cost(request: LedgerRequest, query: ApplicationCostQuery) -> by_application.ApplicationCostAnswer:
    """What each application costs of what a plan bills; the rows add up to the cost of the period."""
    plan, price = _named(request, query.plan), _price(query.cost_per_gb)
    days = days_of_period(_known(query.period), plan, day_of(request.now, request.zone), request.zone)
    selection = select_usage(request.ledger, (), query.scope, request.service.settings.networks)
    found = application_costs(request.ledger, plan, *days, price_per_gb=price, selection=selection)
    return by_application.application_cost(found, is_custom_price=price is not None)


@routes.question("/api/limits", "Limits of applications as they stand")
def limits(request: LedgerRequest, _query: NoQuery) -> json_limits.Limits:
    """What each application with a limit has moved of it in the current day, week or month."""
    return json_limits.limits(limit_statuses(request.ledger, request.service.settings.applications.limits, request.now))


def _known(period: str) -> str:
    if period not in PERIODS:
        raise BadRequestError(f"period: {period!r} is refused; use {', '.join(PERIODS)}")
    return period


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
