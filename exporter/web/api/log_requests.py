"""Requests over HTTP as the clients of tom-draper/api-analytics post them: the key is in the body."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from exporter.meters.requests.events import Batch
from exporter.meters.requests.faults import FieldError
from exporter.meters.requests.log_requests import LoggedPayload, read_logged, read_payload
from exporter.meters.requests.times import EventTimes
from exporter.web.context import CONTEXT
from exporter.web.http.access import ACCESS
from exporter.web.http.bodies import BODIES
from exporter.web.http.doors import service_of
from exporter.web.http.ingest import acknowledge, intake_of
from exporter.web.http.responses import JSON, RefusedError, json_response
from exporter.web.http.routes import Routes

if TYPE_CHECKING:
    from aiohttp import web

    from exporter.meters.requests.log_requests import LoggedRequests

routes = Routes()


class LoggedAnswer(msgspec.Struct):
    """The answer that clients of API Analytics know."""

    status: int
    message: str


LOGGED = LoggedAnswer(201, "API requests logged successfully.")


@routes.door(
    "/api/log-request",
    "Report requests with a client of API Analytics",
    JSON,
    body=(LoggedPayload,),
    answers=(LoggedAnswer,),
    status=201,
)
@routes.door("/api/requests", "The same", JSON, body=(LoggedPayload,), answers=(LoggedAnswer,), status=201)
async def log_requests(request: web.Request, body: bytes) -> web.Response:
    """Up to 2,000 requests of any framework, with a key that writes in the body.

    Rows that cannot be used are skipped, and counted as refused.
    """
    context = request.app[CONTEXT]
    intake = intake_of(context)
    async with request.app[BODIES].turn(body):
        try:
            payload = read_payload(body)
        except FieldError as error:
            intake.add_soon(Batch(refused=1))
            raise RefusedError(400, error.text) from error
        service = _service(request, payload)
        if not payload.requests:
            raise RefusedError(400, "Payload contains no logged requests.")
        zone = context.settings.requests.timezones.get(service)
        times = EventTimes(context.now, context.zone if zone is None else ZoneInfo(zone))
        batch = read_logged(payload, service, times)
    await acknowledge(intake, batch)
    if not batch.events:
        raise RefusedError(400, "Invalid request data.")
    return json_response(LOGGED, status=LOGGED.status)


def _service(request: web.Request, payload: LoggedRequests) -> str:
    if (service := service_of(request)) is not None:
        return service
    if not payload.api_key:
        raise RefusedError(400, "API key required.")
    refused = request.app[ACCESS].body_refusal(request, payload.api_key)
    if refused is not None:
        raise RefusedError(*refused)
    return service_of(request) or ""
