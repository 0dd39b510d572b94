"""The HTTP server: every route, the checks before and the error shape behind each, and a handle that closes it."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from exporter.ledger.locks.holder import Holder
from exporter.settings.dashboards import links_to_grafana
from exporter.web.api import bandwidth, export, history, plans, prometheus, reports, storage, usage
from exporter.web.context import CONTEXT
from exporter.web.http import openapi
from exporter.web.http.access import Access
from exporter.web.http.endpoints import Endpoint, answer_with, error_response, parse_query
from exporter.web.http.grafana import NAME, Seen, grafana_url
from exporter.web.http.listening import Guests, Listener, bind, most_connections
from exporter.web.http.protocol import FAILED, Protocol
from exporter.web.page import live, page
from exporter.web.page.asset_files import add_assets
from reports.errors import QuestionError

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler, Middleware

    from exporter.tls.web_config import WatchedWebConfig
    from exporter.web.context import ServiceContext

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
BODY_SECONDS = 10.0
TOKEN_BYTES = 32
SHUTDOWN_SECONDS = 2.0
ENDPOINTS: tuple[Endpoint, ...] = (
    *usage.ENDPOINTS,
    *plans.ENDPOINTS,
    *history.ENDPOINTS,
    *bandwidth.ENDPOINTS,
    *storage.ENDPOINTS,
)

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


class Server:
    """A listening server; `holder` is what commands need to know to be let in."""

    def __init__(self, runner: web.AppRunner, listeners: Sequence[Listener], holder: Holder) -> None:
        """Made by `serve`."""
        self._runner, self._listeners = runner, listeners
        self.holder = holder

    async def close(self) -> None:
        """Stop listening and end what is still being answered."""
        for listener in self._listeners:
            await listener.close()
        await self._runner.cleanup()


async def serve(
    context: ServiceContext,
    sockets: Sequence[socket.socket],
    web_config: WatchedWebConfig | None = None,
    ssl_context: ssl.SSLContext | None = None,
) -> Server:
    """Listen on bound sockets, and answer; raises OSError. With TLS, commands of this machine have a door of their own.

    They could not know whom to trust, nor have a certificate where clients need one: that door wants their token.
    """
    holder = Holder(os.getpid(), token=os.urandom(TOKEN_BYTES).hex())
    access = Access(context.settings, context.attempts, holder.token, web_config)
    runner = web.AppRunner(make_app(context, access), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    loop, manager, guests = asyncio.get_running_loop(), runner.server, Guests(most_connections())
    assert manager is not None  # noqa: S101 - setup has made it

    def protocol(*, is_local: bool) -> Protocol:
        return Protocol(manager, loop=loop, on_end=guests.see_off, is_local=is_local)

    listeners: list[Listener] = []
    try:
        listeners.append(Listener(sockets, guests, partial(protocol, is_local=False), ssl_context))
        if ssl_context:
            listeners.append(Listener(_local_door(), guests, partial(protocol, is_local=True)))
    except BaseException:
        await Server(runner, listeners, holder).close()
        raise
    main, *local = (listener.address for listener in listeners)
    url, local_url = f"{'https' if ssl_context else 'http'}://{main}", f"http://{local[0]}" if local else ""
    return Server(runner, listeners, holder._replace(url=url, local_url=local_url))


def _local_door() -> list[socket.socket]:
    try:
        return bind("127.0.0.1", 0)
    except OSError:
        return bind("::1", 0)


def make_app(context: ServiceContext, access: Access) -> web.Application:
    """Wire every route."""
    app = web.Application(middlewares=[_guard(access)], client_max_size=LARGEST_BODY)
    app[CONTEXT] = context
    page.add_page(app, access)
    live.add_feed(app)
    add_assets(app)
    reports.add_archive(app)
    for endpoint in ENDPOINTS:
        app.router.add_route(endpoint.method, endpoint.path, _handler(context, endpoint))
        if endpoint.method == "GET":
            app.router.add_route("HEAD", endpoint.path, _handler(context, endpoint))
    for other in openapi.pages_of(
        ENDPOINTS, (*page.PAGES, *live.PAGES, *prometheus.PAGES, *export.PAGES, *reports.PAGES)
    ):
        app.router.add_get(other.path, other.handle)
    return app


def _handler(context: ServiceContext, endpoint: Endpoint) -> Handler:
    links = links_to_grafana(context.settings)

    async def handle(request: web.Request) -> web.StreamResponse:
        query = parse_query(request, endpoint.query)
        body = msgspec.json.encode(await endpoint.handle(context, query))
        if links is not None:
            body = _with_link(
                body, grafana_url(endpoint.path, Seen(context.settings, links, context.zone, context.now), query)
            )
        return answer_with(body)

    return handle


def _with_link(body: bytes, url: str | None) -> bytes:
    """The JSON object with one more field; every answer has at least one of its own."""
    return body if url is None else body[:-1] + b"," + msgspec.json.encode({NAME: url})[1:]


def _guard(access: Access) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await _answer(access, request, handler)
        response.headers.update(SECURITY_HEADERS)
        response.headers.update(access.headers)
        if access.has_origins:
            _allow_origin(response, access.allowed_origin(request))
        return response

    return guard


def _allow_origin(response: web.StreamResponse, origin: str | None) -> None:
    varies = response.headers.get("Vary")
    response.headers["Vary"] = f"{varies}, Origin" if varies else "Origin"
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin


async def _answer(access: Access, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        refusal = await access.refusal(request)
        if refusal is not None:
            response = error_response(refusal.status, refusal.message)
            response.headers.update(refusal.headers)
            return response
        if request.method == "OPTIONS" and access.allowed_origin(request) is not None:
            return _preflight()
        return await _handled(request, handler)
    except Exception:  # the outermost loop of a request: whoever asked gets no traceback
        log.exception("%s %s failed", request.method, request.path)
        return error_response(500, FAILED)


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
