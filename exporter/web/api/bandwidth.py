"""The two endpoints that clients of the FastAPI Bandwidth Monitor know."""

from __future__ import annotations

from exporter.meters.interfaces.state import interfaces_of
from exporter.web.http.queries import MonthQuery, OfInterface
from exporter.web.http.routes import LedgerRequest, Routes
from reports.formats.json import bandwidth as shapes
from reports.ledger.intervals import MINUTES, SLOTS
from reports.usage import bandwidth, usage

routes = Routes()


@routes.question(
    "/api/v1/stats/bandwidth",
    "Average speed of the window",
    link=lambda at, query: at.lately(query, int(at.settings.average.window)),
)
def average(request: LedgerRequest, query: OfInterface) -> shapes.AverageBandwidth:
    """Average speed over `average.window`: bytes divided by the sampled time, restarts included."""
    settings = request.service.settings
    counted = [state.name for state in interfaces_of(request.snapshot).interfaces if state.is_counted]
    names = query.interface or counted
    has_minutes = set(names) <= set(counted) or settings.ledger.minutes == "all"
    window, grain = int(settings.average.window), MINUTES if has_minutes else SLOTS
    found = bandwidth.average(request.ledger, request.now, window, request.selection, grain)
    return shapes.bandwidth(found, ",".join(names), settings.interfaces.sample_interval)


@routes.question(
    "/api/v1/stats/monthly-traffic", "Traffic of a month", link=lambda at, query: at.period(query, "month")
)
def monthly_traffic(request: LedgerRequest, query: MonthQuery) -> shapes.MonthlyTraffic:
    """Traffic of one calendar month; GB in these texts is 1024 MB, as this API's clients expect."""
    return shapes.monthly_traffic(
        usage.usage(request.ledger, request.period(query, "month"), request.now, request.selection)
    )
