"""JSON of requests in all, for REST and the command line alike, with the fields that API Analytics' clients know."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from reports.calendar.days import iso
from reports.formats.json.request_rows import excluded_of, range_of, service_of
from reports.formats.request_shapes import PERCENT, RouteRow, rounded, route_row
from reports.formats.shapes import Answer, ByteCount, Timestamp

if TYPE_CHECKING:
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from reports.usage.clients import ClientFigures
    from reports.usage.requests.series import RequestSeries
    from reports.usage.requests.service_bytes import BytesOfService
    from reports.usage.requests.summary import RequestSummary

PRICE_DIGITS = 4
LABELS = {"15m": "%Y-%m-%d %H:%M", "1h": "%Y-%m-%d %H", "1d": "%Y-%m-%d", "1w": "%Y-%W", "1mo": "%Y-%m"}
"""How API Analytics writes a step of time."""


class RequestTotals(Answer):
    """Sums; times are milliseconds, null where nothing was timed, quantiles within 1 %; `error_rate` is percent.

    Errors are status codes of 400 to 599, and requests without a response. `unique_ips` are different clients as
    privacy keeps them, exact up to 256, within 3 % beyond. Rates are of the time that has passed of the range.
    `imported_requests` of them are of other programs' files.
    """

    total_requests: int
    unique_ips: int
    avg_response_time: float | None
    min_response_time: float | None
    max_response_time: float | None
    error_rate: float
    errors: int
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    request_bytes: ByteCount
    response_bytes: ByteCount
    requests_per_second: float
    bytes_per_second: float
    imported_requests: int


class EndpointStats(Answer):
    """A route, of all methods together; `avg_time` is milliseconds."""

    endpoint: str
    requests: int
    avg_time: float | None
    errors_count: int


class TopIp(Answer):
    """A client as privacy keeps it, and its requests."""

    ip: str
    requests: int


class TimePoint(Answer):
    """A step of time; `avg_time` is milliseconds, `error_rate` a fraction, 0 to 1."""

    timestamp: str
    requests: int
    avg_time: float | None
    error_rate: float


class Dashboard(Answer):
    """Requests of one service as API Analytics answers; lists have the five with the most requests.

    `time_series` are the newest steps, those without a request included.
    """

    summary: RequestTotals
    method_usage: dict[str, int]
    endpoint_stats: list[EndpointStats]
    status_codes: dict[str, int]
    top_ips: list[TopIp]
    time_series: list[TimePoint]


class ServiceBytes(Answer):
    """What the application of a service moved in the same days: bytes by scope, and what they cost by the first plan.

    `cost` and `cost_per_million`, that of a million requests, are null where this plan has no price or bills chosen
    interfaces.
    """

    application: str
    bytes_received: ByteCount
    bytes_sent: ByteCount
    scopes: dict[str, ByteCount]
    cost: float | None
    cost_per_million: float | None
    currency: str | None


class TotalsAnswer(Answer):
    """Requests in all: what there is of a RequestSummaryAnswer for who needs no more."""

    summary: RequestTotals


class RequestSummaryAnswer(Dashboard, kw_only=True, rename={"start": "from", "end": "to"}):
    """Requests from `from` to `to`, of one service or of all.

    `excluded` is left out of everything but the clients, `quantiles_exclude` out of quantiles: they have the times of
    404. `routes` are the ten with the most requests. `application` is there where the settings name the application of
    the one service, and the range is of whole days.
    """

    start: Timestamp
    end: Timestamp
    service: str | None
    excluded: list[str]
    quantiles_exclude: list[str]
    step: str
    classes: dict[str, int]
    routes: list[RouteRow]
    application: ServiceBytes | None


def dashboard(found: RequestSummary, series: RequestSeries, zone: ZoneInfo, clients: ClientFigures) -> Dashboard:
    """Shape a summary and its series."""
    return Dashboard(**_dashboard(found, series, zone, clients))


def request_summary(
    found: RequestSummary,
    series: RequestSeries,
    zone: ZoneInfo,
    clients: ClientFigures,
    application: ServiceBytes | None = None,
) -> RequestSummaryAnswer:
    """Shape a summary, its series and the bytes of its application."""
    return RequestSummaryAnswer(
        **range_of(found.span, zone),
        **_dashboard(found, series, zone, clients),
        service=service_of(found.selection),
        **excluded_of(found.selection),
        step=series.step,
        classes=dict(found.classes),
        routes=[route_row(row) for row in found.routes.routes],
        application=application,
    )


def totals(found: RequestSummary, clients: ClientFigures) -> TotalsAnswer:
    """Shape the totals of a summary."""
    return TotalsAnswer(summary=_totals(found, clients.unique))


def service_bytes(
    found: BytesOfService, cost: Decimal | None, each: Decimal | None, currency: str | None
) -> ServiceBytes:
    """Shape the bytes of an application with their cost, and that of a million requests."""
    return ServiceBytes(
        application=found.application,
        bytes_received=found.bytes.received,
        bytes_sent=found.bytes.sent,
        scopes={scope: moved.total for scope, moved in found.scopes.items()},
        cost=None if cost is None else float(cost),
        cost_per_million=None if each is None else float(round(each, PRICE_DIGITS)),
        currency=None if cost is None else currency,
    )


def _dashboard(found: RequestSummary, series: RequestSeries, zone: ZoneInfo, clients: ClientFigures) -> dict[str, Any]:
    return {
        "summary": _totals(found, clients.unique),
        "method_usage": {method: part.requests for method, part in found.methods.items()},
        "endpoint_stats": [
            EndpointStats(
                endpoint=route,
                requests=part.requests,
                avg_time=rounded(part.average),
                errors_count=part.errors,
            )
            for route, part in found.endpoints.items()
        ],
        "status_codes": {code: part.requests for code, part in found.codes.items()},
        "top_ips": [TopIp(ip=each.client, requests=each.requests) for each in clients.busiest],
        "time_series": [
            TimePoint(
                timestamp=datetime.fromisoformat(iso(point.start, zone)).strftime(LABELS[series.step]),
                requests=point.figures.requests,
                avg_time=rounded(point.figures.average),
                error_rate=point.figures.error_share,
            )
            for point in series.points
        ],
    }


def _totals(found: RequestSummary, clients: int | None) -> RequestTotals:
    figures = found.figures
    return RequestTotals(
        total_requests=figures.requests,
        unique_ips=clients or 0,
        avg_response_time=rounded(figures.average),
        min_response_time=figures.minimum,
        max_response_time=figures.maximum,
        error_rate=figures.errors / figures.requests * PERCENT if figures.requests else 0.0,
        errors=figures.errors,
        **{name: rounded(value) for name, value in found.quantiles._asdict().items()},
        request_bytes=figures.request_bytes,
        response_bytes=figures.response_bytes,
        requests_per_second=round(found.requests_per_second, 6),
        bytes_per_second=round(found.bytes_per_second, 3),
        imported_requests=found.imported,
    )
