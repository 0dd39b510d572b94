"""The HTTP server: the table of resources, and a handle that closes it."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web

from exporter.ledger.locks.holder import Holder
from exporter.meters.requests.intake import Intake
from exporter.web.api import prometheus
from exporter.web.context import CONTEXT
from exporter.web.http import errors
from exporter.web.http.access import ACCESS, Access
from exporter.web.http.bodies import BODIES, Bodies
from exporter.web.http.drawings import DRAWINGS, Drawings
from exporter.web.http.ingest import service_keys
from exporter.web.http.listening import ConnectionLimit, Listener, bind, most_connections
from exporter.web.http.own_requests import own_requests
from exporter.web.http.protocol import Protocol
from exporter.web.http.routes import DOCUMENTED
from exporter.web.page import live
from exporter.web.page.remembered import RECORDS, RememberedRecords
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Mapping, Sequence

    from aiohttp.typedefs import Middleware

    from exporter.tls.web_config import WatchedWebConfig
    from exporter.web.context import ServiceContext
    from exporter.web.http.routes import Route, Routes

TOKEN_BYTES = 32
SHUTDOWN_SECONDS = 2.0

Resources: TypeAlias = "Mapping[str, tuple[str, ...]]"

RESOURCES: Resources = {
    "exporter.web.api.usage": (
        "/api/live",
        "/api/today",
        "/api/week",
        "/api/month",
        "/api/year",
        "/api/range",
        "/api/summary",
    ),
    "exporter.web.api.periods": ("/api/periods",),
    "exporter.web.api.live_applications": ("/api/live/applications",),
    "exporter.web.api.interfaces": ("/api/interfaces",),
    "exporter.web.api.hosts": ("/api/hosts",),
    "exporter.web.api.applications": ("/api/applications", "/api/applications/{name}"),
    "exporter.web.api.request_dashboard": ("/raw_logs",),
    "exporter.web.api.requests": (
        "/api/requests/summary",
        "/api/requests/services",
        "/api/requests/routes",
        "/api/requests/series",
    ),
    "exporter.web.api.request_log": ("/api/requests/log",),
    "exporter.web.api.request_monitors": ("/api/requests/monitors",),
    "exporter.web.api.plans": ("/api/plans", "/api/forecast", "/api/cost", "/api/cost/applications", "/api/limits"),
    "exporter.web.api.history": ("/api/records", "/api/hours", "/api/percentile", "/api/series"),
    "exporter.web.api.bandwidth": ("/api/v1/stats/bandwidth", "/api/v1/stats/monthly-traffic"),
    "exporter.web.api.imports": ("/api/imports", "POST /api/imports", "POST /api/imports/remove"),
    "exporter.web.api.past_requests": ("POST /api/imports/requests",),
    "exporter.web.api.storage": (
        "/api/health",
        "/api/storage",
        "POST /api/storage/cleanup",
        "/api/unposted",
        "POST /api/commit",
        "POST /api/notices/seen",
    ),
    "exporter.web.api.identity": ("POST /api/host/renew", "POST /api/host/take-over"),
    "exporter.web.api.tracking": ("POST /track", "POST /api/requests/track"),
    "exporter.web.api.request_imports": ("POST /api/requests/import",),
    "exporter.web.api.otlp": ("POST /v1/traces", "POST /v1/metrics", "POST /v1/logs"),
    "exporter.web.api.log_requests": ("POST /api/log-request", "POST /api/requests"),
    "exporter.web.api.request_keys": (
        "POST /generate_key",
        "/api/requests/keys",
        "POST /api/requests/keys",
        "POST /api/requests/keys/{id}/revoke",
        "POST /api/requests/keys/{id}/rotate",
    ),
    "exporter.web.page.page": ("/", "/dashboard", "/dashboard/"),
    "exporter.web.page.live": ("/api/live/stream",),
    "exporter.web.page.asset_files": ("/assets/{version}/{name}",),
    "exporter.web.api.prometheus": ("/metrics", "/-/healthy", "/-/ready"),
    "exporter.web.api.export": ("/api/export", "/api/export/llm"),
    "exporter.web.api.wrapups": ("/api/export/wrapup", "/reports", "/reports/{name}"),
    "exporter.web.api.pictures": ("/chart/{name}.svg", "/badge/plan.svg", "/badge/{name}.svg"),
    "exporter.web.api.openapi": ("/api/openapi.json", "/api/docs"),
}
"""The paths that each resource's routes answer, without a method for GET."""


class HttpServer:
    """A listening server; `holder` is what commands need to connect."""

    def __init__(self, runner: web.AppRunner, listeners: Sequence[Listener], holder: Holder) -> None:
        """Made by `serve`."""
        self._runner, self._listeners = runner, listeners
        self.holder = holder

    async def close(self) -> None:
        """Stop listening, and end open requests."""
        for listener in self._listeners:
            await listener.close()
        await self._runner.cleanup()


async def serve(
    context: ServiceContext,
    sockets: Sequence[socket.socket],
    web_config: WatchedWebConfig | None = None,
    ssl_context: ssl.SSLContext | None = None,
    resources: Resources = RESOURCES,
) -> HttpServer:
    """Listen on bound sockets, and answer; raises OSError.

    With TLS, commands of this machine have a listener without: they know no certificate authority and have no
    certificate of a client, but the token that it asks for.
    """
    holder = Holder(os.getpid(), token=os.urandom(TOKEN_BYTES).hex())
    access = Access(context.settings, context.attempts, holder.token, web_config, service_keys(context))
    runner = web.AppRunner(make_app(context, access, resources), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    loop, manager, connections = asyncio.get_running_loop(), runner.server, ConnectionLimit(most_connections())
    assert manager is not None  # noqa: S101 - setup has made it

    def protocol(*, is_local: bool) -> Protocol:
        return Protocol(manager, loop=loop, on_end=connections.remove, is_local=is_local)

    listeners: list[Listener] = []
    async with AsyncExitStack() as undo:
        undo.push_async_callback(HttpServer(runner, listeners, holder).close)
        listeners.append(Listener(sockets, connections, partial(protocol, is_local=False), ssl_context))
        if ssl_context:
            listeners.append(Listener(_local_sockets(), connections, partial(protocol, is_local=True)))
        undo.pop_all()
    main, *local = (listener.address for listener in listeners)
    url, local_url = f"{'https' if ssl_context else 'http'}://{main}", f"http://{local[0]}" if local else ""
    return HttpServer(runner, listeners, holder._replace(url=url, local_url=local_url))


def _local_sockets() -> list[socket.socket]:
    try:
        return bind("127.0.0.1", 0)
    except OSError:
        return bind("::1", 0)


def make_app(context: ServiceContext, access: Access, resources: Resources = RESOURCES) -> web.Application:
    """An application with every path of the table; a module is imported when one of its paths is first asked."""
    app = web.Application(middlewares=[*_counting(context), errors.middleware(access)])
    app.on_response_prepare.append(errors.add_headers(access))
    app[CONTEXT], app[ACCESS], app[RECORDS] = context, access, RememberedRecords()
    app[BODIES], app[DRAWINGS] = Bodies(), Drawings()
    app[DOCUMENTED] = lambda: documented(resources)
    live.add_feed(app)
    # A scrape waits for no import.
    loaded = {prometheus.__name__: prometheus.routes}
    for module, operations in resources.items():
        for operation in operations:
            method, _, path = operation.rpartition(" ")
            handler = partial(_respond, loaded, module, method or "GET", path)
            if method:
                app.router.add_route(method, path, handler)
            else:
                app.router.add_get(_pattern(path), handler)
    return app


def _counting(context: ServiceContext) -> list[Middleware]:
    """The middleware that counts the requests to netledger itself, where the settings want it."""
    intake = context.sources.get(REQUEST.name)
    if not context.settings.requests.own or not isinstance(intake, Intake):
        return []
    return [own_requests(intake, lambda: context.now)]


def _pattern(path: str) -> str:
    """The path for aiohttp's router: a name of the ledger may hold slashes, one of a file may not."""
    return path.replace("{name}", "{name:(?s:.+)}") if path.startswith("/api/") else path


async def _respond(
    loaded: dict[str, Routes], module: str, method: str, path: str, request: web.Request
) -> web.StreamResponse:
    """Answer by the route of a module, which is imported on a reader's thread: templates take a tenth of a second."""
    if module not in loaded:
        loaded[module] = await request.app[CONTEXT].work(lambda: import_module(module).routes)
    route = next(route for route in loaded[module] if (route.method, route.path) == (method, path))
    return await route.respond(request)


def documented(resources: Resources = RESOURCES) -> list[Route]:
    """All routes that OpenAPI describes, in the order of the table; imports every resource."""
    return [route for module in resources for route in import_module(module).routes if route.summary]
