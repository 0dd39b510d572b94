"""Imports of access logs: `netledger requests import` hands over what it has read of a log, part by part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exporter.meters.requests.events import Batch
from exporter.meters.requests.faults import FieldError
from exporter.meters.requests.key_ring import service_name
from exporter.meters.requests.logs import parts, positions
from exporter.meters.requests.logs.parts import LogPart, import_batch, is_imported
from exporter.web.context import CONTEXT
from exporter.web.http.bodies import BODIES
from exporter.web.http.ingest import acknowledge, intake_of
from exporter.web.http.queries import BadRequestError
from exporter.web.http.responses import JSON, json_response
from exporter.web.http.routes import Routes
from reports.formats.shapes import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiohttp import web

    from exporter.meters.requests.logs.parts import ImportedPart

routes = Routes()

AHEAD_SECONDS = 86_400
FOLLOWED = "the service follows this log, and reads it itself"
READ_ALREADY = "this part is not where the log is read to: the service or another import reads it, too"


class ImportAnswer(Answer):
    """How many requests the part has; with `repeat` it had come before, and they are counted once."""

    requests: int
    repeat: bool


@routes.door("/api/requests/import", "Import a part of a log", JSON, body=(LogPart,), answers=(ImportAnswer,))
async def import_part(request: web.Request, body: bytes) -> web.Response:
    """Requests of a log, added up, and how far it is read with them: both are in one transaction.

    For `netledger requests import`. A part is refused that does not begin where the log is read to; one that comes
    again is counted once. The answer comes when it is in the ledger.
    """
    context = request.app[CONTEXT]
    intake = intake_of(context)
    async with request.app[BODIES].turn(body):
        try:
            part = parts.decoded(body)
        except FieldError as error:
            raise BadRequestError(str(error)) from error
    is_repeat = is_imported(part, intake.notes)
    if not is_repeat:
        _check(part, intake.notes, context.settings.requests.logs, context.now)
    batch = Batch() if is_repeat else import_batch(part, intake.notes)
    await acknowledge(intake, batch)  # of a repeat, the first may be on its way still
    return json_response(ImportAnswer(requests=sum(each.requests for each in part.counts), repeat=is_repeat))


def _check(part: ImportedPart, notes: Mapping[str, str], logs: Mapping[str, Path], now: float) -> None:
    """Raise BadRequestError for a part that may not be counted."""
    service = service_name(part.after.service)
    if service in logs and os.path.realpath(logs[service]) == part.path:
        raise BadRequestError(FOLLOWED)
    if any(each.at > (now + AHEAD_SECONDS) * 1e6 for each in part.counts):
        raise BadRequestError("requests: the time of some is more than a day ahead")
    held = positions.decoded(notes.get(part.name, ""))
    if part.before >= part.after.offset or (held is not None and held.service != service):
        raise BadRequestError("position: it is of another service, or its offset is not behind `before`")
    if not positions.follows(notes, part.name, part.before, part.after):
        raise BadRequestError(READ_ALREADY)
