"""Exports over HTTP: a range of days as a file in any format, written while it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import msgspec
from aiohttp import web

from exporter.settings.dashboards import wrapup_context
from exporter.web.context import CONTEXT
from exporter.web.http.documents import Document, DocumentStream, send_document
from exporter.web.http.queries import (
    BadRequestError,
    DaysQuery,
)
from exporter.web.http.responses import JSON
from exporter.web.http.routes import Routes
from reports.export.file_selection import file_selection
from reports.export.slots import read_slots
from reports.formats.document import ExportDocument
from reports.formats.json.slots import SlotDocument
from reports.formats.registry import (
    ALL_COLUMNS,
    COLUMN_SETS,
    DAY,
    DAYS_TABLE,
    FORMATS,
    RESOLUTIONS,
    TABLES,
    format_at,
)

if TYPE_CHECKING:
    from exporter.web.http.routes import LedgerRequest
    from reports.export.export import Export
    from reports.formats.registry import Format

routes = Routes()

FormatName = Annotated[
    str,
    msgspec.Meta(
        description="How it is written; llm and toon are for language models.",
        extra_json_schema={"enum": list(FORMATS), "default": "json"},
    ),
]
ResolutionName = Annotated[
    str,
    msgspec.Meta(
        description="slot: a row for each interface and quarter hour, as json or csv.",
        extra_json_schema={"enum": list(RESOLUTIONS), "default": DAY},
    ),
]


ColumnsName = Annotated[
    str,
    msgspec.Meta(
        description="basic: the five columns of PacketBuddy's CSV and no other.",
        extra_json_schema={"enum": list(COLUMN_SETS), "default": ALL_COLUMNS},
    ),
]


TableName = Annotated[
    str,
    msgspec.Meta(
        description="applications, requests: a line for each application and scope, or route, as csv.",
        extra_json_schema={"enum": list(TABLES), "default": DAYS_TABLE},
    ),
]


class ExportQuery(DaysQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """And how they are written."""

    format: FormatName = "json"
    resolution: ResolutionName = DAY
    columns: ColumnsName = ALL_COLUMNS
    table: TableName = DAYS_TABLE


@routes.page(
    "/api/export",
    "Days, months, records and interfaces as a file, or quarter hours",
    *dict.fromkeys(form.content_type.partition(";")[0] for form in FORMATS.values()),
    answers=(ExportDocument, SlotDocument),
)
async def export(request: web.Request, query: ExportQuery) -> web.Response:
    """A file of days, or of quarter hours: JSON, CSV, Markdown, or one of two notations for language models."""
    if query.format not in FORMATS:
        raise BadRequestError(f"format: {query.format!r} is refused; use {', '.join(FORMATS)}")
    return await _send(request, query, format_at(query.resolution, query.format, query.columns, query.table))


@routes.page("/api/export/llm", "The same for a language model", "text/plain")
async def export_for_models(request: web.Request, query: DaysQuery) -> web.Response:
    """The same as format=llm."""
    return await _send(request, query, FORMATS["llm"])


async def _send(request: web.Request, query: DaysQuery, form: Format) -> web.Response:
    service = request.app[CONTEXT]
    settings = (wrapup_context(service.settings),) if form.needs_context else ()

    def find(reading: LedgerRequest, stream: DocumentStream) -> Document:
        selection = file_selection(
            reading.ledger, reading.plans, query.plan, query.usage_filter, service.settings.networks
        )
        result = form.query(
            reading.ledger, reading.period(query, form.default), reading.now, reading.host, selection, *settings
        ).read_with(lambda span, devices: read_slots(stream.ledger, span, devices))
        headers = {"Content-Type": form.content_type, "Content-Disposition": disposition(result.by_day, form)}
        return Document((form.module, result.facts), headers, form.write(result))

    return await send_document(request, query, find)


def disposition(found: Export, form: Format) -> str:
    """A file's name: safe ASCII for every client, and the true names for those that read RFC 5987.

    JSON is an answer like any other of the API, not a download.
    """
    days = f"{found.first_date}_{found.last_date}" if not found.is_empty else "empty"
    subject = "_".join(filter(None, (found.host.name, found.device, found.plan, *found.scopes)))
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in subject)
    name, kind = f"{days}.{form.suffix}", "inline" if form.content_type == JSON else "attachment"
    value = f'{kind}; filename="netledger_{plain}_{name}"'
    return value if plain == subject else f"{value}; filename*=UTF-8''{quote(f'netledger_{subject}_{name}', safe='')}"
