"""The error shape of every answer, the headers that each has, and the checks before a handler."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING, Any

from aiohttp import web

from exporter.meters.requests.otlp.answers import FORMATS, failure
from exporter.web.http.bodies import BODIES, BODY
from exporter.web.http.doors import SMALL_BODY, door_of, style_of
from exporter.web.http.protocol import FAILED
from exporter.web.http.responses import JSON, RefusedError, json_response
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from exporter.web.http.access import Access
    from exporter.web.http.bodies import Reservation

log = logging.getLogger(__name__)

BODY_SECONDS = 10.0
STATUS_WORDS = {
    404: "nothing is here",
    405: "this method is not allowed here",
}
SECURITY_HEADERS = {
    "Server": "netledger",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
RESOURCE_POLICY = {"Cross-Origin-Resource-Policy": "same-origin"}
"""But of answers that have another one: drawings may be shown by pages of other sites."""


ASKING_HEADERS = "X-API-Key, Authorization, Content-Type, Content-Encoding"
"""What pages of listed origins may send: browsers ask before they send JSON, protobuf or gzip."""

EXPOSED_HEADERS = "Retry-After"
"""What those pages may read beside the headers of every answer: when to send again."""


def add_headers(access: Access) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """The signal that adds headers to every answer, streams and errors included."""

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(SECURITY_HEADERS)
        for name, value in RESOURCE_POLICY.items():
            response.headers.setdefault(name, value)
        response.headers.update(access.headers)
        if access.has_origins:
            varies, origin = response.headers.get("Vary"), access.allowed_origin(request)
            response.headers["Vary"] = f"{varies}, Origin" if varies else "Origin"
            if origin is not None:
                response.headers["Access-Control-Allow-Origin"] = origin
                response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS

    return add


def middleware(access: Access) -> Middleware:
    """The checks before a handler, and its errors as JSON."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            refusal = await access.refusal(request)
            if refusal is not None:
                return _error(request, refusal.status, refusal.message, refusal.headers)
            if request.method == "OPTIONS" and access.allowed_origin(request) is not None:
                return _preflight()
            return await _handled(request, handler)
        except Exception:  # the outermost loop of a request: a client gets no traceback
            log.exception("%s %s failed", request.method, request.path)
            return _error(request, 500, FAILED)

    return guard


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    door = door_of(request)
    is_proven = door is not None and not door.has_own_key
    try:
        with request.app[BODIES].reserved(is_proven=is_proven) as reservation:
            if request.can_read_body:
                request[BODY] = await _body(request, reservation, SMALL_BODY if door is None else door.largest_body)
            return await handler(request)
    except QuestionError as error:
        return _error(request, 400, str(error))
    except RefusedError as error:
        return _error(request, error.status, error.message, error.headers)
    except web.HTTPException as error:
        allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return _error(request, error.status, STATUS_WORDS.get(error.status, error.reason), allowed)
    except sqlite3.Error as error:
        log.warning("%s %s: the ledger cannot be used: %s", request.method, request.path, error)
        return _error(request, 503, f"the ledger cannot be used now ({error}): counting goes on in memory")


async def _body(request: web.Request, reservation: Reservation, largest: int) -> bytes:
    """The body; raises RefusedError where it is too large, does not come, or is not what its headers say."""
    try:
        if request.content.is_eof():  # it has come with the headers
            return await reservation.read(request, largest)
        async with asyncio.timeout(BODY_SECONDS):
            return await reservation.read(request, largest)
    except TimeoutError as error:
        raise RefusedError(408, f"the body did not come within {BODY_SECONDS:.0f} seconds") from error
    except web.RequestPayloadError as error:
        raise RefusedError(400, "the body is not what its headers say") from error


def _error(request: web.Request, status: int, message: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error in the shape of its path."""
    match style_of(request):
        case "rpc":
            media_type = request.content_type if request.content_type in FORMATS else JSON
            body = failure(media_type, status, str(message))
            response = web.Response(status=status, body=body, content_type=media_type)
        case "status":
            response = json_response({"status": status, "message": message}, status=status)
        case style:
            response = json_response({style: message}, status=status)
    response.headers.update(headers or {})
    return response


def _preflight() -> web.Response:
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": ASKING_HEADERS,
            "Access-Control-Max-Age": "600",
        },
    )
