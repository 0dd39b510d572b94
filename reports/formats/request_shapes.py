"""JSON shapes of requests that the API and the exports share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.formats.shapes import Answer, ByteCount
from reports.usage.requests.figures import NO_QUANTILES, Quantiles, RequestFigures

if TYPE_CHECKING:
    from reports.usage.requests.figures import RouteFigures, ServiceFigures
    from reports.usage.requests.report import RequestReport

PERCENT = 100.0


class RequestTimes(Answer):
    """Times in milliseconds, null where nothing was timed; quantiles are within 1 %."""

    avg_time: float | None
    min_time: float | None
    max_time: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None


class RequestSums(RequestTimes, kw_only=True):
    """Requests added up; `error_rate` is percent."""

    requests: int
    errors: int
    error_rate: float
    request_bytes: ByteCount
    response_bytes: ByteCount


class ServiceRow(RequestSums, kw_only=True):
    """One service; `imported_requests` are of other programs' files."""

    service: str
    imported_requests: int = 0


class RouteRow(RequestSums, kw_only=True):
    """One route of a service by one method; `imported_requests` are of other programs' files."""

    service: str
    method: str
    route: str
    imported_requests: int = 0


class RequestsOfExport(Answer):
    """Requests of the days of an export, without those to netledger itself; `routes` is the number of routes.

    Services are listed with the most requests first; of the routes the busiest, the slowest by average time, and those
    with the most errors. `imported_requests` are of other programs' files.
    """

    requests: int
    errors: int
    error_rate: float
    request_bytes: ByteCount
    response_bytes: ByteCount
    routes: int
    services: list[ServiceRow]
    busiest_routes: list[RouteRow]
    slowest_routes: list[RouteRow]
    failing_routes: list[RouteRow]
    imported_requests: int = 0


def requests_of(found: RequestReport) -> RequestsOfExport:
    """Shape the requests of an export."""
    total = found.figures
    return RequestsOfExport(
        requests=total.requests,
        errors=total.errors,
        error_rate=PERCENT * total.error_share,
        request_bytes=total.request_bytes,
        response_bytes=total.response_bytes,
        routes=len(found.routes),
        services=[service_row(row) for row in found.services],
        busiest_routes=[route_row(row) for row in found.busiest],
        slowest_routes=[route_row(row) for row in found.slowest],
        failing_routes=[route_row(row) for row in found.failing],
        imported_requests=found.imported,
    )


def service_row(row: ServiceFigures) -> ServiceRow:
    """Shape one service."""
    sums = sums_of(row.figures, row.quantiles)
    return ServiceRow(service=row.service, imported_requests=row.imported, **sums)


def route_row(row: RouteFigures) -> RouteRow:
    """Shape one route."""
    sums = sums_of(row.figures, row.quantiles or NO_QUANTILES)
    return RouteRow(service=row.service, method=row.method, route=row.route, imported_requests=row.imported, **sums)


def sums_of(figures: RequestFigures, quantiles: Quantiles) -> dict[str, Any]:
    """The fields of RequestSums."""
    return {
        "requests": figures.requests,
        "errors": figures.errors,
        "error_rate": PERCENT * figures.error_share,
        "request_bytes": figures.request_bytes,
        "response_bytes": figures.response_bytes,
        "avg_time": rounded(figures.average),
        "min_time": figures.minimum,
        "max_time": figures.maximum,
        **{name: rounded(value) for name, value in quantiles._asdict().items()},
    }


def rounded(value: float | None) -> float | None:
    """Milliseconds with three decimals: the ledger has microseconds."""
    return None if value is None else round(value, 3)
