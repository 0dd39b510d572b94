"""Exports over HTTP: a range of days as a file, in the format that is asked for, written while it is sent."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from urllib.parse import quote

import msgspec
from aiohttp import ETag, web

import exporter
from exporter.web.desk import DESK
from exporter.web.endpoints import DATE_SCHEMA, BadRequestError, OfInterface, Page, parse_query
from reports.formats.exports import FORMATS
from reports.plans import PlanError
from reports.spans import CUSTOM, RANGES, Asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from exporter.web.desk import Desk
    from reports.export import Export
    from reports.formats.exports import Format
    from reports.ledger_reader import LedgerReader

CHUNK_BYTES = 1 << 20
CHUNK_SECONDS = 0.02
"""What is made before others have a turn on the readers' thread; a short export is one chunk, with its length."""

RangeName = Annotated[
    str,
    msgspec.Meta(
        description="Which days; custom takes them from `from` and `to`, and is meant where one of them is given.",
        extra_json_schema={"enum": [*RANGES, CUSTOM], "default": "all"},
    ),
]
FormatName = Annotated[
    str,
    msgspec.Meta(
        description="How it is written; llm and toon are for language models.",
        extra_json_schema={"enum": list(FORMATS), "default": "json"},
    ),
]
FirstDay = Annotated[
    str,
    msgspec.Meta(
        description="First local day; without it, the first that was counted.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-01"],
    ),
]
LastDay = Annotated[
    str,
    msgspec.Meta(
        description="Last local day, included; without it, today.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-31"],
    ),
]


PlanName = Annotated[
    str,
    msgspec.Meta(
        description="The interfaces of a plan of the settings together; not with `interface`.", examples=["default"]
    ),
]


class DaysQuery(OfInterface, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which days, of which interface or plan."""

    range: RangeName | None = None
    first: FirstDay | None = None
    last: LastDay | None = None
    plan: PlanName | None = None


class ExportQuery(DaysQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """And how they are written."""

    format: FormatName = "json"


class Answer(NamedTuple):
    """An export that is about to be sent: its tag, whether the client has it, and what is written of it so far."""

    told: Export
    tag: str
    is_known: bool
    pieces: Iterator[bytes]
    first: bytes
    second: bytes


async def export(request: web.Request) -> web.Response:
    """A file of days: JSON, CSV, Markdown, or one of two notations for language models."""
    query = parse_query(request, ExportQuery)
    if query.format not in FORMATS:
        raise BadRequestError(f"format: {query.format!r} is refused; use {', '.join(FORMATS)}")
    return await _answer(request, query, FORMATS[query.format])


async def export_for_models(request: web.Request) -> web.Response:
    """The same as format=llm."""
    return await _answer(request, parse_query(request, DaysQuery), FORMATS["llm"])


async def _answer(request: web.Request, query: DaysQuery, form: Format) -> web.Response:
    from reports.export import Source, subject_of  # noqa: PLC0415 - memory that a service without exports does not need

    desk = request.app[DESK]
    try:
        subject = subject_of([found.plan for found in desk.settings.plans], query.plan, query.interface)
    except PlanError as error:
        raise BadRequestError(str(error)) from error
    desk.fresh_snapshot()
    now, identity = desk.now, desk.identity
    source = Source(identity.hostname, identity.device_id, identity.os_type, exporter.__version__)
    asked = Asked(query.range, query.first, query.last)

    def question(ledger: LedgerReader) -> Answer:
        told = form.ask(ledger, asked, now, source, subject)
        tag = fingerprint(told, form.module)
        is_known = _is_known(request, tag)
        pieces = iter(()) if is_known or request.method == "HEAD" else form.write(told)
        return Answer(told, tag, is_known, pieces, _some(pieces), next(pieces, b""))

    answer = await desk.ask(question)
    headers = {"Cache-Control": "private, no-cache", "ETag": f'W/"{answer.tag}"'}
    if answer.is_known:
        return web.Response(status=304, headers=headers)
    headers |= {"Content-Type": form.content_type, "Content-Disposition": disposition(answer.told, form.suffix)}
    if request.method == "HEAD":
        return web.Response(headers=headers)
    body: Any = _chunks(desk, answer) if answer.second else answer.first
    return web.Response(body=body, headers=headers)


async def _chunks(desk: Desk, answer: Answer) -> AsyncIterator[bytes]:
    yield answer.first
    yield answer.second
    while chunk := await desk.work(lambda: _some(answer.pieces)):
        yield chunk


def _some(pieces: Iterator[bytes]) -> bytes:
    """As many as are quickly made, b"" at the end; after each lot the ledger can answer others."""
    held, size, ends = [], 0, time.monotonic() + CHUNK_SECONDS
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= CHUNK_BYTES or time.monotonic() >= ends:
            break
    return b"".join(held)


def _is_known(request: web.Request, tag: str) -> bool:
    return any(known == ETag("*") or known.value == tag for known in request.if_none_match or ())


def fingerprint(told: Export, form: str) -> str:
    """A weak tag of what is told: it stays when only the time of the export has changed."""
    facts = (form, told.source, told.zone.key, told.range, told.device, told.plan, told.interfaces, told.first_date)
    amounts = hash(tuple(map(tuple, told.days[1:])))  # of integers, so that it is the same in every process
    return hashlib.blake2b(repr((facts, amounts)).encode(), digest_size=12).hexdigest()


def disposition(told: Export, suffix: str) -> str:
    """A download's name: safe ASCII for every client, and the host's true name for those that read RFC 5987."""
    days = f"{told.first_date}_{told.last_date}" if told.days.size else "empty"
    host, name = told.source.hostname, f"{days}.{suffix}"
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in host)
    value = f'attachment; filename="netledger_{plain}_{name}"'
    return value if plain == host else f"{value}; filename*=UTF-8''{quote(f'netledger_{host}_{name}', safe='')}"


def _document() -> type:
    """What JSON there is, for whoever asks for OpenAPI."""
    from reports.formats.export_json import ExportDocument  # noqa: PLC0415 - see above

    return ExportDocument


PAGES = (
    Page(
        "/api/export",
        "Days, months, records and interfaces as a file",
        tuple(dict.fromkeys(form.content_type.partition(";")[0] for form in FORMATS.values())),
        export,
        query=ExportQuery,
        answer=_document,
    ),
    Page("/api/export/llm", "The same for a language model", ("text/plain",), export_for_models, query=DaysQuery),
)
