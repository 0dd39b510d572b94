"""Single requests over HTTP: pages of the request log, and the same as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from exporter.web.context import CONTEXT
from exporter.web.http.documents import SHORT_BYTES, DocumentStream
from exporter.web.http.doors import service_of
from exporter.web.http.request_queries import LogQuery
from exporter.web.http.responses import JSON, json_response
from exporter.web.http.routes import LedgerRequest, Routes
from reports.formats.csv import request_log as lines
from reports.formats.json.request_log import RequestLogAnswer, request_log
from reports.ledger.request_log import log_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.ledger.reader import LedgerReader
    from reports.ledger.request_filter import LogFilter

routes = Routes()

CSV = "text/csv"
MOST_LINES, LINES_AT_ONCE = 100_000, 500
USUAL_ROWS = 100
FILE_HEADERS = {
    "Content-Type": f"{CSV}; charset=utf-8; header=present",
    "Content-Disposition": 'attachment; filename="netledger_requests.csv"',
    "Cache-Control": "no-store",
}


@routes.page("/api/requests/log", "Single requests", JSON, CSV, answers=(RequestLogAnswer,))
async def log(request: web.Request, query: LogQuery) -> web.StreamResponse:
    """A page of the request log, the newest first by default, as far as it is kept."""
    service, key_service = request.app[CONTEXT], service_of(request)
    snapshot, now = service.fresh_snapshot(), service.now

    def asked(ledger: LedgerReader) -> LogFilter:
        return query.filter(LedgerRequest(ledger, now, snapshot, service, key_service=key_service))

    if query.is_csv:
        return await _file(request, query, asked)
    after, limit, is_newest_first = query.place, query.most(USUAL_ROWS), query.is_newest_first
    found = await service.ask_patiently(
        lambda ledger: log_page(ledger, asked(ledger), after=after, newest_first=is_newest_first, limit=limit)
    )
    return json_response(request_log(found, service.zone, is_first=query.cursor is None))


async def _file(
    request: web.Request, query: LogQuery, asked: Callable[[LedgerReader], LogFilter]
) -> web.StreamResponse:
    service, stream = request.app[CONTEXT], DocumentStream()

    def begin(ledger: LedgerReader) -> tuple[bytes, bytes]:
        stream.pieces = _lines(stream, asked(ledger), query)
        return stream.write(ledger, SHORT_BYTES), next(stream.pieces, b"")

    first, second = await service.ask_patiently(begin)
    if request.method == "HEAD":
        return web.Response(headers=FILE_HEADERS)
    body: Any = stream.chunks(service, None, first, second) if second else first
    return web.Response(body=body, headers=FILE_HEADERS)


def _lines(stream: DocumentStream, chosen: LogFilter, query: LogQuery) -> Iterator[bytes]:
    """The file in pieces, none of which is empty: an empty one would be its end."""
    left, place, is_newest_first = query.most(MOST_LINES), query.place, query.is_newest_first
    yield lines.heading()
    while left > 0:
        page = log_page(
            stream.ledger, chosen, after=place, newest_first=is_newest_first, limit=min(left, LINES_AT_ONCE)
        )
        if page.requests:
            yield lines.write(page.requests, stream.ledger.zone)
        left -= len(page.requests)
        if page.following is None:
            return
        place = page.following
