"""Imports of requests over HTTP: `netledger import` hands over what it has read of a file, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from exporter.archive.folder import forget_reports
from exporter.meters.requests.events import Event  # noqa: TC001 - msgspec reads the types of a body
from exporter.meters.requests.past import (
    PastOpened,
    PastOpening,
    PastPart,
    PastRequests,
    PastRequestsError,
    PastSettings,
    check_events,
)
from exporter.web.context import CONTEXT
from exporter.web.http.bodies import BODIES
from exporter.web.http.ingest import intake_of, keep_keys
from exporter.web.http.queries import BadRequestError
from exporter.web.http.responses import JSON, json_response
from exporter.web.http.routes import Routes
from reports.formats.shapes import Answer

if TYPE_CHECKING:
    import sqlite3

    from aiohttp import web

    from exporter.meters.requests.past import ServiceDays
    from exporter.web.context import ServiceContext

routes = Routes()

MOST_NUMBER = 2**53
"""What every reader of JSON takes for the integer that it is."""
NOTHING = PastOpened(0, is_same=False, began={})


class OpenPast(msgspec.Struct, forbid_unknown_fields=True, tag_field="step", tag="open"):
    """The begin of an import: its source's name, the program, what tells its books from others, a digest of all."""

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=64, examples=["api-analytics"])]
    kind: Annotated[str, msgspec.Meta(max_length=64, examples=["api-analytics"])]
    identity: Annotated[str, msgspec.Meta(max_length=64)]
    digest: Annotated[str, msgspec.Meta(max_length=64)]
    services: Annotated[list[str], msgspec.Meta(examples=[["shop"]])]
    dry_run: bool = False


class AddPast(msgspec.Struct, forbid_unknown_fields=True, tag_field="step", tag="add"):
    """Events of an import, in parts that are numbered from 0 on; one that comes again changes nothing."""

    number: Annotated[int, msgspec.Meta(ge=0, le=MOST_NUMBER, examples=[1])]
    part: Annotated[int, msgspec.Meta(ge=0, le=MOST_NUMBER, examples=[0])]
    events: list[Event]


class FinishPast(msgspec.Struct, forbid_unknown_fields=True, tag_field="step", tag="finish"):
    """The end of an import: answers have it from now on."""

    number: Annotated[int, msgspec.Meta(ge=0, le=MOST_NUMBER, examples=[1])]


class ForeignKey(msgspec.Struct, forbid_unknown_fields=True):
    """A key that another program has made: its service, and its SHA-256 in hexadecimal digits."""

    service: str
    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class AdoptKeys(msgspec.Struct, forbid_unknown_fields=True, tag_field="step", tag="keys"):
    """Keys that open their services from now on, for writing and reading; those that were here before are left out."""

    keys: list[ForeignKey]


class PastAnswer(Answer):
    """The number of an import, 0 for a dry run and where nothing has changed; of keys, how many are new.

    `began` are services with the time from which netledger has counted them itself, in UTC microseconds.
    """

    number: int
    is_same: bool
    began: dict[str, int]


_BODY = msgspec.json.Decoder(OpenPast | AddPast | FinishPast | AdoptKeys)


@routes.door(
    "/api/imports/requests",
    "Import requests",
    JSON,
    body=(OpenPast, AddPast, FinishPast, AdoptKeys),
    answers=(PastAnswer,),
)
async def import_requests(request: web.Request, body: bytes) -> web.Response:
    """Have the requests that another program has counted, for `netledger import`, which reads its file.

    An import is opened, brought in parts, and finished; until then no answer has it. A source is replaced as a whole.
    """
    context = request.app[CONTEXT]
    async with request.app[BODIES].turn(body):
        try:
            step = _BODY.decode(body)
            if isinstance(step, AddPast):
                check_events(step.events)
        except (msgspec.MsgspecError, PastRequestsError) as error:
            raise BadRequestError(str(error)) from error
    if isinstance(step, AdoptKeys):
        return json_response(PastAnswer(number=await _adopt(context, step), is_same=False, began={}))
    if isinstance(step, OpenPast):
        context.sample()
        await context.poster.post()
    now = int(context.now)

    def change(connection: sqlite3.Connection) -> tuple[PastOpened, list[ServiceDays]]:
        past = PastRequests(connection, context.zone, _settings(context), now)
        return _changed(past, step), past.touched

    try:
        done, touched = await context.upkeep.change(change)
    except PastRequestsError as error:
        raise BadRequestError(str(error)) from error
    forget_reports(context.settings.ledger.path, touched)
    return json_response(PastAnswer(**done._asdict()))


def _changed(past: PastRequests, step: OpenPast | AddPast | FinishPast) -> PastOpened:
    match step:
        case OpenPast():
            opening = PastOpening(step.source, step.kind, step.identity, step.digest, step.services)
            return past.open(opening, is_dry=step.dry_run)
        case AddPast():
            past.add(PastPart(step.number, step.part, step.events))
        case FinishPast():
            past.finish(step.number)
    return NOTHING


async def _adopt(context: ServiceContext, step: AdoptKeys) -> int:
    intake = intake_of(context)
    keys = intake.keys.adopted([(each.service, bytes.fromhex(each.hash)) for each in step.keys], context.now)
    if keys:
        await keep_keys(intake, *keys)
    return len(keys)


def _settings(context: ServiceContext) -> PastSettings:
    return PastSettings(context.settings.requests, int(context.settings.ledger.slot_retention))
