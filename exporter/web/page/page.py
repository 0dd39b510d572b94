"""The live page at / and /dashboard: made with all numbers, which live frames then update."""

from __future__ import annotations

import gzip
import sqlite3
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.metrics.negotiation import accepts_gzip
from exporter.web.context import CONTEXT
from exporter.web.http.access import ACCESS
from exporter.web.http.doors import wants_json
from exporter.web.http.policy import OWN_ASSETS
from exporter.web.http.queries import CalendarMonth, Hosts, Query, parse_query
from exporter.web.http.responses import JSON, error_response
from exporter.web.http.routes import Routes
from exporter.web.http.seed_queries import DashboardQuery
from exporter.web.http.seed_reading import dashboard_json
from exporter.web.page import view
from exporter.web.page.facts import page_facts
from exporter.web.page.live import FEED
from exporter.web.page.live_frame import live_frame
from exporter.web.page.page_machines import machines_of
from exporter.web.page.remembered import RECORDS
from exporter.web.page.view import PageContext
from reports.formats.json.requests import Dashboard

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader

routes = Routes()

HEADERS = {**OWN_ASSETS, "Cache-Control": "no-store", "Vary": "Accept, Accept-Encoding, X-API-Key, Authorization"}
HTML = "text/html"
COMPRESSION = 5


class PageQuery(Query, frozen=True, kw_only=True):
    """Which month the page shows, and of which machines."""

    month: CalendarMonth | None = None
    hosts: Hosts = ()


@routes.page(
    "/dashboard",
    "The same page; as JSON the requests of a service, as API Analytics has them",
    HTML,
    JSON,
    answers=(Dashboard,),
    reads=(PageQuery, DashboardQuery),
)
async def dashboard(request: web.Request) -> web.Response:
    """The page for browsers, JSON for clients that show a key or accept no page."""
    if wants_json(request):
        return await dashboard_json(request)
    return await page(request, parse_query(request, PageQuery))


@routes.page("/", "The live page: now, today, this cycle, this month by day", HTML)
async def page(request: web.Request, query: PageQuery) -> web.Response:
    """The page with its numbers; without a key that is needed, a page without data that asks for it."""
    refusal = await request.app[ACCESS].data_refusal(request)
    if refusal is not None and {"X-API-Key", "Authorization"} & request.headers.keys():
        return error_response(refusal.status, refusal.message)
    context = request.app[CONTEXT]
    if refusal is not None:
        return await context.work(lambda: _answer(request, view.shell()))
    data = _page_context(request)
    plans = context.settings.plans
    now, known = context.now, request.app[RECORDS]
    shared = {status.plan.name: status for status in context.live_plans() if status.sharing is not None}
    machines = await machines_of(context, now, query.hosts)

    def write(ledger: LedgerReader) -> web.Response:
        facts = page_facts(ledger, now, plans, query.month, known, shared)
        return _answer(request, view.page(data, machines.in_facts(ledger, facts), ledger.zone))

    try:
        await machines.read(query.month)
        return await context.ask(write)
    except sqlite3.Error as error:
        reason = str(error)
    return await context.work(lambda: _answer(request, view.trouble(data, reason), status=503))


@routes.page("/dashboard/", "Leads to the same page", HTML)
async def to_page(request: web.Request, _query: PageQuery) -> web.Response:
    """A redirect: the page loads everything by relative paths, which a slash at its end would change."""
    query = request.rel_url.raw_query_string
    return web.Response(status=308, headers={"Location": f"../dashboard?{query}" if query else "../dashboard"})


def _page_context(request: web.Request) -> PageContext:
    service = request.app[CONTEXT]
    snapshot = service.fresh_snapshot()
    return PageContext(service, snapshot, live_frame(service, snapshot), tuple(request.app[FEED].recent))


def _answer(request: web.Request, text: str, *, status: int = 200) -> web.Response:
    """The response, made on a reader's thread: compression would block the event loop."""
    body, headers = text.encode(), dict(HEADERS)
    if accepts_gzip(request.headers.get("Accept-Encoding", "")):
        body = gzip.compress(body, COMPRESSION, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=status, body=body, content_type=HTML, charset="utf-8", headers=headers)
