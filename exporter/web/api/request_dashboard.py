"""The raw log at the path of API Analytics; its dashboard's JSON is answered where the page is."""

from __future__ import annotations

from aiohttp import web

from exporter.web.http import seed_reading
from exporter.web.http.responses import JSON
from exporter.web.http.routes import Routes
from exporter.web.http.seed_queries import RawLogsQuery
from reports.formats.json.request_log import RawLog

routes = Routes()


@routes.page(
    "/raw_logs", "Single requests, as API Analytics lists them", JSON, answers=(list[RawLog],), reads=(RawLogsQuery,)
)
async def raw_logs(request: web.Request) -> web.Response:
    """Up to 100 requests of the key's service."""
    return await seed_reading.raw_logs(request)
