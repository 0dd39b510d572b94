"""Real applications of each framework with the same paths, behind real servers on loopback."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from aiohttp import web
from fastapi import APIRouter, BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse
from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.serving import WSGIRequestHandler, make_server

from netledger_client.aiohttp import request_middleware
from netledger_client.asgi import AsgiMiddleware, create_tracking_middleware
from netledger_client.wsgi import WsgiMiddleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from netledger_client import Reporter

PIECES, PAUSE = 4, 0.05
PIECE = b"p" * 1000


class QuietHandler(WSGIRequestHandler):
    def log(self, *_: object, **__: object) -> None:
        pass


def fastapi_application(recorder: Reporter, *, as_function: bool = False) -> FastAPI:
    app = FastAPI()
    if as_function:
        app.middleware("http")(create_tracking_middleware(recorder=recorder))
    else:
        app.add_middleware(AsgiMiddleware, recorder=recorder)
    items = APIRouter(prefix="/items")

    @items.get("/{item}")
    async def item(item: str) -> dict[str, str]:
        return {"item": item}

    @app.get("/boom")
    async def boom() -> None:
        raise RuntimeError("boom")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(PIECES):
                await asyncio.sleep(PAUSE)
                yield PIECE

        return StreamingResponse(pieces())

    @app.post("/upload")
    async def upload(request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    @app.get("/background")
    async def background(tasks: BackgroundTasks) -> str:
        tasks.add_task(asyncio.sleep, 0.5)
        return "soon"

    @app.websocket("/socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app.include_router(items)
    inner = FastAPI()
    inner.get("/things/{thing}")(item_of_inner)
    app.mount("/mounted/{tenant}", inner)
    return app


async def item_of_inner(thing: str) -> str:
    return thing


def flask_application(recorder: Reporter) -> Flask:
    app = Flask("flask_application")
    app.wsgi_app = WsgiMiddleware(app.wsgi_app, recorder=recorder)  # type: ignore[method-assign]

    @app.get("/items/<item>")
    def item(item: str) -> dict[str, str]:
        return {"item": item}

    @app.get("/boom")
    def boom() -> str:
        raise RuntimeError("boom")

    @app.get("/stream")
    def stream() -> FlaskResponse:
        def pieces() -> Iterator[bytes]:
            for _ in range(PIECES):
                time.sleep(PAUSE)
                yield PIECE

        return FlaskResponse(pieces())

    @app.post("/upload")
    def upload() -> str:
        return str(len(request.get_data()))

    return app


def aiohttp_application(recorder: Reporter) -> web.Application:
    async def item(request: web.Request) -> web.Response:
        return web.json_response({"item": request.match_info["item"]})

    async def boom(_request: web.Request) -> web.Response:
        raise RuntimeError("boom")

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(PIECES):
            await asyncio.sleep(PAUSE)
            await response.write(PIECE)
        return response

    async def upload(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    app = web.Application(middlewares=[request_middleware(recorder=recorder)], client_max_size=1 << 24)
    app.router.add_get("/items/{item}", item)
    app.router.add_get("/boom", boom)
    app.router.add_get("/stream", stream)
    app.router.add_post("/upload", upload)
    return app


@contextmanager
def served_by_uvicorn(app: Any) -> Iterator[int]:
    """The port at which it answers."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="critical", lifespan="on", ws="none", proxy_headers=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def served_by_threads(app: Any) -> Iterator[int]:
    """The same for WSGI: a thread a connection."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


@contextmanager
def served_by_aiohttp(app: web.Application) -> Iterator[int]:
    """The same for aiohttp, on a loop of its own."""
    started, port = threading.Event(), 0
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        nonlocal port
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        return runner

    def run() -> None:
        runner = loop.run_until_complete(start())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert started.wait(20)
        yield port
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
