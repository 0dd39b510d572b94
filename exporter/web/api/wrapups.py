"""Reports over HTTP: a wrap-up of any period, and the archive of those that are kept."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, Annotated

import msgspec
from aiohttp import web

from exporter.archive.archive import REPORTS_PER_ROUND, ROUND_SECONDS
from exporter.archive.calendar import counted_periods
from exporter.archive.folder import REPORT_NAME, archive_folder, is_report, missing_reports, report_names
from exporter.settings.dashboards import wrapup_context
from exporter.web.context import CONTEXT
from exporter.web.http.documents import HEADERS, Document, DocumentStream, send_document
from exporter.web.http.queries import (
    BadRequestError,
    CalendarMonth,
    CalendarYear,
    DaysQuery,
    NoQuery,
)
from exporter.web.http.routes import Routes
from reports.billing.plans import named
from reports.calendar.requests import CYCLES
from reports.formats import archive_html, html
from reports.text.amounts import human_duration
from reports.wrapup.requested_period import requested_period, requested_selection
from reports.wrapup.wrapup import wrapup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exporter.web.context import ServiceContext
    from exporter.web.http.routes import LedgerRequest

routes = Routes()

HTML, FORMAT = "text/html", "html"
HTML_UTF8 = f"{HTML}; charset=utf-8"
NOTHING_KEPT = "No month is over yet: the first report comes when one is."
TO_COME = "of the months and years that are over will be written within {}, the newest first."
KEPT_OFF = "Finished months and years are not kept here: set reports.archive to keep them."

CycleName = Annotated[
    str,
    msgspec.Meta(
        description="The billing cycle that runs, or the last one that is over, of `plan` or the first plan.",
        extra_json_schema={"enum": list(CYCLES)},
        examples=["current"],
    ),
]


FormatName = Annotated[
    str,
    msgspec.Meta(
        description="Only html; /api/export has the others.", extra_json_schema={"enum": [FORMAT], "default": FORMAT}
    ),
]


class WrapUpQuery(DaysQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """One period: a range, days, a year, a month or a billing cycle; this year without any."""

    year: CalendarYear | None = None
    month: CalendarMonth | None = None
    cycle: CycleName | None = None
    format: FormatName = FORMAT


@routes.page("/api/export/wrapup", "A period as a page to print and to send to a friend", HTML)
async def wrap_up(request: web.Request, query: WrapUpQuery) -> web.Response:
    """A page about a period that can be looked at, printed, and sent to a friend: one file, no network, no script."""
    if query.format != FORMAT:
        raise BadRequestError(f"format: {query.format!r} is refused; a wrap-up is {FORMAT}, /api/export has the others")
    service = request.app[CONTEXT]
    days = query.period_request

    def find(reading: LedgerRequest, _stream: DocumentStream) -> Document:
        selection = requested_selection(
            reading.ledger, reading.plans, days, query.plan, query.usage_filter, service.settings.networks
        )
        period = requested_period(days, named(reading.plans, query.plan), reading.now, reading.zone)
        found = wrapup(reading.ledger, period, reading.now, reading.host, selection, wrapup_context(service.settings))
        headers = {"Content-Type": HTML_UTF8, "Content-Disposition": f'inline; filename="{found.file_name}"'}
        return Document(found.facts, headers, html.write(found))

    return await send_document(request, query, find)


@routes.page("/reports", "Reports of the months and years that are over", HTML)
async def list_reports(request: web.Request, _query: NoQuery) -> web.Response:
    """Every report that is kept, newest first, and the periods that still run."""
    context = request.app[CONTEXT]
    folder, hostname = archive_folder(context.settings.ledger.path), context.host.name
    due = await _count_missing(context, folder) if context.settings.reports.archive else 0

    def page() -> str:
        names = report_names(folder)
        return archive_html.write(hostname, names, _notice(context, names, due))

    return web.Response(text=await context.work(page), content_type=HTML, headers=HEADERS)


async def _count_missing(context: ServiceContext, folder: Path) -> int:
    """The number of reports still to be written; 0 if the ledger cannot be read."""
    now = context.now
    try:
        return await context.ask(lambda ledger: len(missing_reports(counted_periods(ledger, now), folder, now)))
    except (sqlite3.Error, OSError):
        return 0


def _notice(context: ServiceContext, names: Sequence[str], due: int) -> str:
    if due:
        within = human_duration(-(-due // REPORTS_PER_ROUND) * ROUND_SECONDS)
        return f"{due} {'more ' if names else ''}{TO_COME.format(within)}"
    if names:
        return ""
    return NOTHING_KEPT if context.settings.reports.archive else KEPT_OFF


@routes.page("/reports/{name}", "")  # /reports lists the names
async def report(request: web.Request, _query: NoQuery) -> web.StreamResponse:
    """One report of the archive."""
    name = request.match_info["name"]
    if REPORT_NAME.fullmatch(name) is None:  # before it is a part of a path
        raise web.HTTPNotFound
    path = archive_folder(request.app[CONTEXT].settings.ledger.path) / name
    if not await asyncio.to_thread(is_report, path):
        raise web.HTTPNotFound
    return web.FileResponse(path, headers={**HEADERS, "Content-Type": HTML_UTF8})
