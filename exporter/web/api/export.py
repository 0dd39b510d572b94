"""Exports over HTTP: a range of days as a file, in the format that is asked for, written while it is sent."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec
from aiohttp import web

from exporter.settings.dashboards import wrapup_context
from exporter.web.context import CONTEXT
from exporter.web.http.policy import WITHOUT_SCRIPTS
from exporter.web.http.queries import (
    BadRequestError,
    FirstDay,
    LastDay,
    OfInterface,
    PlanOfDays,
    parse_query,
)
from exporter.web.http.responses import JSON, is_current
from exporter.web.http.routes import Routes
from reports.calendar.spans import CUSTOM, RANGES, Asked
from reports.export.export import subject_of
from reports.export.slots import posted_slots
from reports.formats.document import ExportDocument
from reports.formats.json.slots import SlotDocument
from reports.formats.registry import (
    ALL_COLUMNS,
    COLUMN_SETS,
    DAY,
    FORMATS,
    RESOLUTIONS,
    format_at,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from exporter.web.context import ServiceContext
    from reports.billing.plans import Plan
    from reports.calendar.spans import Span
    from reports.export.export import Export
    from reports.export.slots import Slot
    from reports.formats.registry import ExportResult, Format
    from reports.ledger.reader import LedgerReader

routes = Routes()

SHORT_BYTES, CHUNK_BYTES = 1 << 20, 1 << 18
CHUNK_SECONDS = 0.02
"""What is made before others have a turn on the readers' thread; a short export is one chunk, with its length."""

RangeName = Annotated[
    str,
    msgspec.Meta(
        description="Which days: all by default, of html this year. custom takes them from `from` and `to`, and is "
        "meant where one of them is given.",
        extra_json_schema={"enum": [*RANGES, CUSTOM]},
        examples=["month"],
    ),
]
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


class DaysQuery(OfInterface, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which days, of which interface or plan."""

    range: RangeName | None = None
    first: FirstDay | None = None
    last: LastDay | None = None
    plan: PlanOfDays | None = None


class ExportQuery(DaysQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """And how they are written."""

    format: FormatName = "json"
    resolution: ResolutionName = DAY
    columns: ColumnsName = ALL_COLUMNS


class Paper:
    """What is written of an export, some at a time: slots are read from the ledger as it is at that moment."""

    def __init__(self) -> None:
        """Nothing is written."""
        self.pieces: Iterator[bytes] = iter(())
        self._ledger: LedgerReader | None = None

    def read(self, span: Span, devices: Sequence[str]) -> Sequence[Slot]:
        """Posted slots, as an export by slots asks for them."""
        assert self._ledger is not None  # noqa: S101 - pieces are made by `some` alone
        return posted_slots(self._ledger, span, devices)

    def some(self, ledger: LedgerReader, most_bytes: int = CHUNK_BYTES) -> bytes:
        """As many pieces as are quickly made, b"" at the end; after each lot the ledger can answer others."""
        self._ledger = ledger
        held, size, ends = [], 0, time.monotonic() + CHUNK_SECONDS
        for piece in self.pieces:
            held.append(piece)
            size += len(piece)
            if size >= most_bytes or time.monotonic() >= ends:
                break
        return b"".join(held)


class Answer(NamedTuple):
    """An export that is about to be sent: its name and tag, whether the client has it, what is written of it so far."""

    name: str
    tag: str
    is_known: bool
    paper: Paper
    first: bytes
    second: bytes


@routes.page(
    "/api/export",
    "Days, months, records and interfaces as a file, or quarter hours",
    *dict.fromkeys(form.content_type.partition(";")[0] for form in FORMATS.values()),
    query=ExportQuery,
    answers=(ExportDocument, SlotDocument),
)
async def export(request: web.Request) -> web.Response:
    """A file of days, or of quarter hours: JSON, CSV, Markdown, or one of two notations for language models."""
    query = parse_query(request, ExportQuery)
    if query.format not in FORMATS:
        raise BadRequestError(f"format: {query.format!r} is refused; use {', '.join(FORMATS)}")
    return await _answer(request, query, format_at(query.resolution, query.format, query.columns))


@routes.page("/api/export/llm", "The same for a language model", "text/plain", query=DaysQuery)
async def export_for_models(request: web.Request) -> web.Response:
    """The same as format=llm."""
    return await _answer(request, parse_query(request, DaysQuery), FORMATS["llm"])


async def _answer(request: web.Request, query: DaysQuery, form: Format) -> web.Response:
    context = request.app[CONTEXT]
    subject, host = _subject(context, query), context.host
    context.fresh_snapshot()
    now, asked = context.now, form.days(Asked(query.range, query.first, query.last))

    def question(ledger: LedgerReader) -> Answer:
        paper = Paper()
        settings = (wrapup_context(context.settings),) if form.needs_context else ()
        told = form.query(ledger, asked, now, host, subject, *settings).read_with(paper.read)
        name, tag = disposition(told.by_day, form), fingerprint(told, form.module)
        is_known = is_current(request, tag)
        if not is_known and request.method != "HEAD":
            paper.pieces = form.write(told)
        return Answer(name, tag, is_known, paper, paper.some(ledger, SHORT_BYTES), next(paper.pieces, b""))

    answer = await context.ask_patiently(question)
    headers = {"Cache-Control": "private, no-cache", "ETag": f'W/"{answer.tag}"'}
    if answer.is_known:
        return web.Response(status=304, headers=headers)
    headers |= {"Content-Type": form.content_type, "Content-Disposition": answer.name, **WITHOUT_SCRIPTS}
    if request.method == "HEAD":
        return web.Response(headers=headers)
    body: Any = _chunks(context, answer) if answer.second else answer.first
    return web.Response(body=body, headers=headers)


def _subject(context: ServiceContext, query: DaysQuery) -> Plan | str | None:
    return subject_of(context.settings.plans, query.plan, query.interface)


async def _chunks(context: ServiceContext, answer: Answer) -> AsyncIterator[bytes]:
    yield answer.first
    yield answer.second
    while chunk := await context.ask_patiently(answer.paper.some):
        yield chunk


def fingerprint(told: ExportResult, form: str) -> str:
    """A weak tag of what is told: it stays when only the time of the export has changed."""
    return hashlib.blake2b(repr((form, told.facts)).encode(), digest_size=12).hexdigest()


def disposition(told: Export, form: Format) -> str:
    """A file's name: safe ASCII for every client, and the true names for those that read RFC 5987.

    JSON is an answer like any other of the API, not a download.
    """
    days = f"{told.first_date}_{told.last_date}" if told.days.size else "empty"
    whose = "_".join(filter(None, (told.host.name, told.device, told.plan)))
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in whose)
    name, kind = f"{days}.{form.suffix}", "inline" if form.content_type == JSON else "attachment"
    value = f'{kind}; filename="netledger_{plain}_{name}"'
    return value if plain == whose else f"{value}; filename*=UTF-8''{quote(f'netledger_{whose}_{name}', safe='')}"
