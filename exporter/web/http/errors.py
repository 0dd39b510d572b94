"""The error shape of every answer, the headers that each has, and the checks before a handler."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.web.http.protocol import FAILED
from exporter.web.http.responses import error_response
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler, Middleware

    from exporter.web.http.access import Access

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
BODY_SECONDS = 10.0
STATUS_WORDS = {
    404: "nothing is here",
    405: "this method is not allowed here",
    413: f"the body is larger than {LARGEST_BODY} bytes",
}
SECURITY_HEADERS = {
    "Server": "netledger",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def add_headers(access: Access) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """The signal that adds headers to every answer, streams and errors included."""

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(SECURITY_HEADERS)
        response.headers.update(access.headers)
        if access.has_origins:
            varies, origin = response.headers.get("Vary"), access.allowed_origin(request)
            response.headers["Vary"] = f"{varies}, Origin" if varies else "Origin"
            if origin is not None:
                response.headers["Access-Control-Allow-Origin"] = origin

    return add


def middleware(access: Access) -> Middleware:
    """The checks before a handler, and its errors as JSON."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            refusal = await access.refusal(request)
            if refusal is not None:
                response = error_response(refusal.status, refusal.message)
                response.headers.update(refusal.headers)
                return response
            if request.method == "OPTIONS" and access.allowed_origin(request) is not None:
                return _preflight()
            return await _handled(request, handler)
        except Exception:  # the outermost loop of a request: a client gets no traceback
            log.exception("%s %s failed", request.method, request.path)
            return error_response(500, FAILED)

    return guard


async def _handled(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        if (request.content_length or 0) > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
        if request.can_read_body:
            async with asyncio.timeout(BODY_SECONDS):
                await request.read()
        return await handler(request)
    except QuestionError as error:
        return error_response(400, str(error))
    except web.HTTPException as error:
        return _as_error(error)
    except TimeoutError:
        return error_response(408, f"the body did not come within {BODY_SECONDS:.0f} seconds")
    except web.RequestPayloadError:
        return error_response(400, "the body is not what its headers say")
    except sqlite3.Error as error:
        log.warning("%s %s: the ledger cannot be used: %s", request.method, request.path, error)
        return error_response(503, f"the ledger cannot be used now ({error}): counting goes on in memory")


def _as_error(error: web.HTTPException) -> web.Response:
    response = error_response(error.status, STATUS_WORDS.get(error.status, error.reason))
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _preflight() -> web.Response:
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "X-API-Key, Authorization",
            "Access-Control-Max-Age": "600",
        },
    )
