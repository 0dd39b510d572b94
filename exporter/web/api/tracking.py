"""Events over HTTP: one by one as FastAPI's middleware of API Analytics sends them, and in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from aiohttp import web

from exporter.meters.requests.events import Batch
from exporter.meters.requests.faults import FieldError
from exporter.meters.requests.key_ring import service_name
from exporter.meters.requests.times import EventTimes
from exporter.meters.requests.tracking import ReadRows, SeedEvent, TrackedBatch, TrackedEvent, read_one, read_rows
from exporter.web.context import CONTEXT
from exporter.web.http.bodies import BODIES
from exporter.web.http.doors import service_of
from exporter.web.http.ingest import acknowledge, intake_of
from exporter.web.http.queries import BadRequestError, Query, values_of
from exporter.web.http.request_queries import text
from exporter.web.http.responses import JSON, RefusedError, json_response
from exporter.web.http.routes import Routes
from reports.formats.shapes import Answer
from reports.ledger.request_batches import has_batch

if TYPE_CHECKING:
    from exporter.meters.requests.intake import Intake
    from exporter.web.context import ServiceContext

routes = Routes()


class ForService(Query, frozen=True, kw_only=True):
    """Whose requests these are."""

    service: (
        Annotated[
            str,
            text("The service, which an admin key must name; a service's key stands for its own.", "shop", minLength=1),
        ]
        | None
    ) = None


class RefusedRow(Answer):
    """A row that is not counted, and why; rows are numbered from 0."""

    row: int
    reason: str


class TrackAnswer(Answer):
    """What became of a batch: rows that are counted, and those that are refused.

    With `repeat` the batch had come before: its rows are counted once.
    """

    accepted: int
    refused: list[RefusedRow]
    repeat: bool


@routes.door("/track", "Report one request", body=(SeedEvent,), reads=(ForService,))
async def track(request: web.Request, body: bytes) -> web.Response:
    """One request that a service has answered; the answer is empty, and comes when the request is in the ledger."""
    context, service = request.app[CONTEXT], written_service(request)
    intake, times = intake_of(context), event_times(context, service)
    async with request.app[BODIES].turn(body):
        try:
            event = read_one(body, service, times)
        except FieldError as error:
            intake.add_soon(Batch(refused=1))
            raise RefusedError(422, error.detail()) from error
    await acknowledge(intake, Batch([event], late=times.late))
    return web.Response()


@routes.door(
    "/api/requests/track",
    "Report requests",
    JSON,
    body=(TrackedBatch, TrackedEvent),
    answers=(TrackAnswer,),
    reads=(ForService,),
)
async def track_rows(request: web.Request, body: bytes) -> web.Response:
    """One request, or a batch of up to 2,000 with an id of its own that makes a repeat harmless for a day.

    The answer comes when the rows are in the ledger; a row that cannot be used costs no other.
    """
    context, service = request.app[CONTEXT], written_service(request)
    intake, times = intake_of(context), event_times(context, service)
    async with request.app[BODIES].turn(body):
        try:
            rows = read_rows(body, service, times)
        except FieldError as error:
            intake.add_soon(Batch(refused=1))
            raise RefusedError(400, str(error)) from error
    is_repeat = bool(rows.id) and await _is_known(context, intake, service, rows.id)
    batch = (
        Batch() if is_repeat else Batch(rows.events, (), service, rows.id, refused=len(rows.faults), late=times.late)
    )
    await acknowledge(intake, batch)  # of a repeat, the first may be on its way still
    return json_response(_answer(rows, is_repeat=is_repeat))


def written_service(request: web.Request) -> str:
    """The service that a key writes for; an admin key names it as a parameter; raises BadRequestError."""
    service = service_of(request)
    if service is not None:
        return service
    names = values_of(request, ForService).get("service", ())
    if len(names) != 1:
        fault = "given more than once" if names else "is missing; with an admin key, say for which service"
        raise BadRequestError(f"service: {fault}")
    return service_name(names[0])


def event_times(context: ServiceContext, service: str) -> EventTimes:
    """Times as a service writes them: without an offset in its zone, else in the ledger's."""
    name = context.settings.requests.timezones.get(service)
    return EventTimes(context.now, context.zone if name is None else ZoneInfo(name))


async def _is_known(context: ServiceContext, intake: Intake, service: str, batch: str) -> bool:
    return (
        intake.has(service, batch)
        or await context.ask(lambda ledger: has_batch(ledger, service, batch))
        or intake.has(service, batch)  # it came meanwhile
    )


def _answer(rows: ReadRows, *, is_repeat: bool) -> TrackAnswer:
    refused = [RefusedRow(row=fault.row, reason=fault.reason) for fault in rows.faults]
    return TrackAnswer(accepted=len(rows.events), refused=refused, repeat=is_repeat)
