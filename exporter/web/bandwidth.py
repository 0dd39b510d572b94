"""The two endpoints that clients of the FastAPI Bandwidth Monitor know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.web.endpoints import Endpoint, OfInterface
from reports import bandwidth, usage
from reports.formats import json as shapes
from reports.periods import parse_month

if TYPE_CHECKING:
    from exporter.web.desk import Desk


class TrafficQuery(OfInterface, frozen=True, kw_only=True):
    """Which month, as YYYY-MM in the ledger's zone; the current one by default."""

    month: str | None = None


async def average(desk: Desk, query: OfInterface) -> shapes.AverageBandwidth:
    """Average speed over `average.window`, restarts included."""
    snapshot = desk.fresh_snapshot()
    counted = ",".join(state.name for state in snapshot.interfaces if state.is_counted)
    window, now = int(desk.settings.average.window), desk.now
    found = await desk.ask(lambda ledger: bandwidth.average(ledger, now, window, query.interface))
    return shapes.bandwidth(found, query.interface or counted, desk.settings.interfaces.sample_interval)


async def monthly_traffic(desk: Desk, query: TrafficQuery) -> shapes.MonthlyTraffic:
    """Traffic of one calendar month."""
    desk.fresh_snapshot()
    which = None if query.month is None else parse_month(query.month)
    now = desk.now
    found = await desk.ask(lambda ledger: usage.month(ledger, now, query.interface, which))
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
