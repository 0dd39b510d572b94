"""A shop of aiohttp."""

from __future__ import annotations

import asyncio
import os
import sys

os.environ["OTEL_PYTHON_AIOHTTP_SERVER_EXCLUDED_URLS"] = "flush"

from aiohttp import web
from opentelemetry.instrumentation.aiohttp_server import AioHttpServerInstrumentor

from tests.opentelemetry.applications.instrumentation import flush, start

start()
AioHttpServerInstrumentor().instrument()
routes = web.RouteTableDef()


@routes.get("/items/{number}")
async def item(request: web.Request) -> web.Response:
    return web.json_response({"number": request.match_info["number"]})


@routes.post("/orders")
async def order(_request: web.Request) -> web.Response:
    return web.Response(text="ordered", status=201)


@routes.get("/boom")
async def boom(_request: web.Request) -> web.Response:
    raise RuntimeError("boom")


@routes.get("/flush")
async def flush_all(_request: web.Request) -> web.Response:
    await asyncio.to_thread(flush)
    return web.Response(text="flushed")


shop = web.Application()
shop.add_routes(routes)
web.run_app(shop, host="127.0.0.1", port=int(sys.argv[1]), print=None)
