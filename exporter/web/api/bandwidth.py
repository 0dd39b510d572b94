"""The two endpoints that clients of the FastAPI Bandwidth Monitor know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.web.http.endpoints import Endpoint, MonthText, OfInterface, parse_parameter
from reports.calendar.periods import parse_month
from reports.formats.json import bandwidth as shapes
from reports.ledger.scope import names_of
from reports.usage import bandwidth, usage

if TYPE_CHECKING:
    from exporter.web.context import ServiceContext


class TrafficQuery(OfInterface, frozen=True, kw_only=True):
    """Which month."""

    month: MonthText | None = None


async def average(context: ServiceContext, query: OfInterface) -> shapes.AverageBandwidth:
    """Average speed over `average.window`: bytes over the time in which somebody looked, restarts included."""
    snapshot = context.fresh_snapshot()
    counted = [state.name for state in snapshot.interfaces if state.is_counted]
    window, now = int(context.settings.average.window), context.now
    asked = names_of(query.interface) if query.interface else counted
    has_minutes = set(asked) <= set(counted) or context.settings.ledger.minutes == "all"
    average_of = bandwidth.average if has_minutes else bandwidth.average_by_slot
    found = await context.ask(lambda ledger: average_of(ledger, now, window, query.interface))
    name = ",".join(asked)
    return shapes.bandwidth(found, name, context.settings.interfaces.sample_interval)


async def monthly_traffic(context: ServiceContext, query: TrafficQuery) -> shapes.MonthlyTraffic:
    """Traffic of one calendar month; GB in these texts is 1024 MB, as this API's clients expect."""
    context.fresh_snapshot()
    which = None if query.month is None else parse_parameter("month", query.month, parse_month)
    now = context.now
    found = await context.ask(lambda ledger: usage.month(ledger, now, query.interface, which))
    return shapes.monthly_traffic(found)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/v1/stats/bandwidth",
        "Average speed of the window",
        OfInterface,
        shapes.AverageBandwidth,
        average,
    ),
    Endpoint(
        "GET",
        "/api/v1/stats/monthly-traffic",
        "Traffic of a month",
        TrafficQuery,
        shapes.MonthlyTraffic,
        monthly_traffic,
    ),
)
