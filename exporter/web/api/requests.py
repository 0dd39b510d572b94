"""Requests over HTTP: figures of services and routes, in all and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.web.http.request_queries import RequestsQuery, RoutesQuery, SeriesOfRequests, SummaryQuery
from exporter.web.http.routes import PATIENT, LedgerRequest, Routes
from reports.billing.application_cost import application_costs
from reports.billing.plans import PlanError
from reports.billing.prices import has_price
from reports.calendar.days import ONE_DAY, day_of, day_start
from reports.formats.json import request_rows as row_shapes
from reports.formats.json import requests as shapes
from reports.usage.clients import client_figures
from reports.usage.requests.series import MOST_POINTS, request_series
from reports.usage.requests.service_bytes import bytes_of_service, cost_per_million
from reports.usage.requests.summary import routes as routes_of
from reports.usage.requests.summary import services as services_of
from reports.usage.requests.summary import summary as summary_of

if TYPE_CHECKING:
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from reports.calendar.period import Period

routes = Routes()

MOST_CLIENTS = 5


@routes.question("/api/requests/summary", "Requests in all", ask=PATIENT)
def summary(request: LedgerRequest, query: SummaryQuery) -> shapes.RequestSummaryAnswer:
    """Requests, errors, times, bytes and clients of a service or of all, today's by default, and their course."""
    ledger, period = request.ledger, request.period(query, "today")
    selection = query.selection(request)
    found = summary_of(ledger, period.span, request.now, selection)
    steps = request_series(ledger, request.now, period.span, selection, step=query.step, most=query.points(MOST_POINTS))
    days = (period.first, period.last)
    return shapes.request_summary(
        found,
        steps,
        request.zone,
        client_figures(ledger, selection.services, *days, MOST_CLIENTS),
        _application(request, period, selection.services, found.figures.requests),
    )


@routes.question("/api/requests/services", "Services and their requests", ask=PATIENT)
def services(request: LedgerRequest, query: RequestsQuery) -> row_shapes.ServicesAnswer:
    """Every service that had a request, today by default, the one with the most first."""
    period, selection = request.period(query, "today"), query.selection(request)
    found = services_of(request.ledger, period.span, selection)
    return row_shapes.services(found, period.span, selection, request.zone)


@routes.question("/api/requests/routes", "Routes and their requests", ask=PATIENT)
def list_routes(request: LedgerRequest, query: RoutesQuery) -> row_shapes.RoutesAnswer:
    """Routes by method, today's by default, those with the most requests, errors, time, bytes or the longest p95 first.

    Quantiles are those of the rows that are listed: their sketches are merged for the answer.
    """
    period, selection = request.period(query, "today"), query.selection(request)
    found = routes_of(request.ledger, period.span, selection, sort=query.sort, limit=query.row_limit)
    return row_shapes.routes(found, period.span, selection, request.zone, sort=query.sort, limit=query.row_limit)


@routes.question("/api/requests/series", "Requests over time", ask=PATIENT)
def series(request: LedgerRequest, query: SeriesOfRequests) -> row_shapes.RequestSeriesAnswer:
    """Requests step by step, of one route or of all, today's by default; the newest steps where there are too many."""
    period, selection = request.period(query, "today"), query.selection(request)
    found = request_series(
        request.ledger,
        request.now,
        period.span,
        selection,
        step=query.step,
        most=query.points(MOST_POINTS),
        with_quantiles=True,
    )
    return row_shapes.request_series(found, selection, request.zone)


def _application(
    request: LedgerRequest, period: Period, services: tuple[str, ...], requests: int
) -> shapes.ServiceBytes | None:
    """The bytes of a service's application; None of hours, since bytes are those of days."""
    applications = request.service.settings.requests.applications
    name = applications.get(services[0]) if len(services) == 1 else None
    if name is None or not _is_of_days(period, request.zone):
        return None
    moved = bytes_of_service(request.ledger, name, period, request.now)
    cost = _cost(request, name, period)
    each = None if cost is None else cost_per_million(cost, requests)
    return shapes.service_bytes(moved, cost, each, request.plans[0].currency)


def _is_of_days(period: Period, zone: ZoneInfo) -> bool:
    return period.start == day_start(period.first, zone) and period.end == day_start(period.last + ONE_DAY, zone)


def _cost(request: LedgerRequest, name: str, period: Period) -> Decimal | None:
    """What the first plan bills of an application; None where it has no price, or bills chosen interfaces."""
    last = min(period.last, day_of(request.now, request.zone))
    if period.first > last or not has_price(request.plans[0]):
        return None
    try:
        found = application_costs(request.ledger, request.plans[0], period.first, last)
    except PlanError:
        return None
    row = next((each for each in found.applications if each.name == name), None)
    return None if row is None else row.cost
