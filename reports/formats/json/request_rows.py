"""JSON of requests in rows: services, routes and steps of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.calendar.days import iso
from reports.formats.request_shapes import RequestSums, RouteRow, ServiceRow, route_row, service_row, sums_of
from reports.formats.shapes import Answer, Timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reports.calendar.days import Span
    from reports.usage.requests.figures import ServiceFigures
    from reports.usage.requests.selection import RequestSelection
    from reports.usage.requests.series import RequestSeries
    from reports.usage.requests.summary import Routes


class ServicesAnswer(Answer, kw_only=True, rename={"start": "from", "end": "to"}):
    """Services that had a request from `from` to `to`, the one with the most first.

    `excluded` is left out, `quantiles_exclude` out of quantiles: they have the times of 404.
    """

    start: Timestamp
    end: Timestamp
    excluded: list[str]
    quantiles_exclude: list[str]
    services: list[ServiceRow]


class RoutesAnswer(Answer, kw_only=True, rename={"start": "from", "end": "to"}):
    """Routes from `from` to `to`, those with the most of `sort` first; `total` is their number before the limit.

    `other_requests` and `other_errors` are those of the routes beyond it. `excluded` is left out, `quantiles_exclude`
    out of quantiles: they have the times of 404.
    """

    start: Timestamp
    end: Timestamp
    service: str | None
    excluded: list[str]
    quantiles_exclude: list[str]
    sort: str
    limit: int
    total: int
    routes: list[RouteRow]
    other_requests: int
    other_errors: int


class StepRow(RequestSums, kw_only=True, rename={"start": "from", "end": "to"}):
    """A step of time; quantiles are null where it would take too many rows to merge them."""

    start: Timestamp
    end: Timestamp


class RequestSeriesAnswer(Answer, kw_only=True):
    """Requests step by step, of a service or of all, of a route or of all; steps without a request are zeros.

    `excluded` is left out, `quantiles_exclude` out of quantiles: they have the times of 404.
    """

    service: str | None
    method: str | None
    route: str | None
    excluded: list[str]
    quantiles_exclude: list[str]
    step: str
    points: list[StepRow]


def services(
    found: Sequence[ServiceFigures], span: Span, selection: RequestSelection, zone: ZoneInfo
) -> ServicesAnswer:
    """Shape services."""
    rows = [service_row(row) for row in found]
    return ServicesAnswer(**range_of(span, zone), **excluded_of(selection), services=rows)


def routes(
    found: Routes, span: Span, selection: RequestSelection, zone: ZoneInfo, *, sort: str, limit: int
) -> RoutesAnswer:
    """Shape routes."""
    return RoutesAnswer(
        **range_of(span, zone),
        service=service_of(selection),
        **excluded_of(selection),
        sort=sort,
        limit=limit,
        total=found.row_count,
        routes=[route_row(row) for row in found.routes],
        other_requests=found.other.requests,
        other_errors=found.other.errors,
    )


def request_series(found: RequestSeries, selection: RequestSelection, zone: ZoneInfo) -> RequestSeriesAnswer:
    """Shape steps of time."""
    return RequestSeriesAnswer(
        service=service_of(selection),
        method=selection.method or None,
        route=selection.route or None,
        **excluded_of(selection),
        step=found.step,
        points=[
            StepRow(start=iso(point.start, zone), end=iso(point.end, zone), **sums_of(point.figures, point.quantiles))
            for point in found.points
        ],
    )


def range_of(span: Span, zone: ZoneInfo) -> dict[str, Any]:
    """The fields `from` and `to`."""
    return {"start": iso(span.start, zone), "end": iso(span.end, zone)}


def excluded_of(selection: RequestSelection) -> dict[str, Any]:
    """The fields `excluded` and `quantiles_exclude`."""
    return {"excluded": list(selection.excluded), "quantiles_exclude": list(selection.excluded_times)}


def service_of(selection: RequestSelection) -> str | None:
    """The one service of a selection; None of several, or of all."""
    return selection.services[0] if len(selection.services) == 1 else None
