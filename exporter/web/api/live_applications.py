"""Applications of this moment over HTTP."""

from __future__ import annotations

from exporter.meters.applications import speeds
from exporter.meters.applications.state import NO_BACKEND, applications_of
from exporter.web.context import ServiceContext
from exporter.web.http.queries import NoQuery
from exporter.web.http.routes import Routes
from reports.formats.json.live import LiveApplications

routes = Routes()


@routes.service("GET", "/api/live/applications", "Speed of every application now")
async def live_applications(context: ServiceContext, _query: NoQuery) -> LiveApplications:
    """Bytes per second of every application that moves, over the last second or more, and how they are measured."""
    snapshot = context.fresh_snapshot()
    if applications_of(snapshot) is None:
        reason = "this service has no application meter"
        return LiveApplications(backend=NO_BACKEND, reason=reason, limits=[], applications=[])
    return speeds.live_applications(snapshot)
