"""Imported history over HTTP: what was imported, imports, and how one is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from exporter.archive.folder import forget_reports
from exporter.ledger.past.imports import PastLedger
from exporter.ledger.past.rows import ForeignFileError, Past, check
from exporter.meters.requests.past import take_back
from exporter.web.context import CONTEXT, ServiceContext
from exporter.web.http.bodies import BODIES
from exporter.web.http.queries import BadRequestError, NoQuery, Query
from exporter.web.http.responses import JSON, json_response
from exporter.web.http.routes import LedgerRequest, Routes
from reports.formats.json import imports as shapes
from reports.ledger.past import imported_sources
from reports.ledger.past_requests import past_request_sources

if TYPE_CHECKING:
    from aiohttp import web

routes = Routes()


class ImportBody(msgspec.Struct, forbid_unknown_fields=True):
    """The history of a file, and the name that it is kept under; a dry run changes nothing."""

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=64, examples=["vnstat"])]
    past: Past
    dry_run: bool = False


class SourceQuery(Query, frozen=True, kw_only=True):
    """The source that is taken back."""

    source: Annotated[str, msgspec.Meta(description="Its name, as GET /api/imports has it.", examples=["vnstat"])]


_BODY = msgspec.json.Decoder(ImportBody)


@routes.question("/api/imports", "History that was imported")
def list_imports(request: LedgerRequest, _query: NoQuery) -> shapes.ImportSources:
    """Every source: what it has brought, and when it was read."""
    ledger = request.ledger
    return shapes.sources(imported_sources(ledger), past_request_sources(ledger), request.zone)


@routes.door("/api/imports", "Import history", JSON, body=(ImportBody,), answers=(shapes.ImportAnswer,))
async def import_past(request: web.Request, body: bytes) -> web.Response:
    """Have the history of another program, for `netledger import`, which reads its file.

    A source is replaced as a whole: the same file again changes nothing. What netledger has counted itself stays, and
    is not added again.
    """
    context = request.app[CONTEXT]
    async with request.app[BODIES].turn(body):
        try:
            given = _BODY.decode(body)
            check(given.past, "past")
        except (msgspec.MsgspecError, ForeignFileError) as error:
            raise BadRequestError(str(error)) from error
    context.sample()
    await context.poster.post()
    now = int(context.now)
    try:
        done = await context.upkeep.change(
            lambda connection: PastLedger(connection, context.zone).put(
                given.source, given.past, now, is_dry=given.dry_run
            )
        )
    except ForeignFileError as error:
        raise BadRequestError(str(error)) from error
    if not (done.is_same or given.dry_run):
        context.load_totals()
        forget_reports(context.settings.ledger.path, done.rows)
    return json_response(
        shapes.import_answer(
            done.source,
            done.rows,
            done.own_bytes,
            done.notes,
            meter=given.past.meter,
            is_same=done.is_same,
            is_dry_run=given.dry_run,
        )
    )


@routes.service("POST", "/api/imports/remove", "Take an import back")
async def remove_import(context: ServiceContext, query: SourceQuery) -> shapes.RemovedImport:
    """Take back what a source has brought: every answer is as it was before."""
    try:
        removed = await context.upkeep.change(lambda connection: take_back(connection, context.zone, query.source))
    except ForeignFileError as error:
        raise BadRequestError(str(error)) from error
    context.load_totals()
    forget_reports(context.settings.ledger.path, removed.touched)
    return shapes.RemovedImport(source=query.source, rows=removed.rows)
