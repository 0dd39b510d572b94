"""Live frames as server-sent events: one a second, made once, the same bytes for every client."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from exporter.web.context import CONTEXT
from exporter.web.http.access import ACCESS
from exporter.web.http.responses import error_response
from exporter.web.http.routes import Routes
from exporter.web.page.live_frame import live_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.abc import AbstractStreamWriter

    from exporter.web.context import ServiceContext

log = logging.getLogger(__name__)
routes = Routes()

EVENT_STREAM = "text/event-stream"
FRAME_SECONDS = 1.0
MOST_LISTENERS = 100
STUCK_SECONDS = 10.0
"""A client that takes nothing for so long is disconnected; until then it misses frames, and none is queued."""

REMEMBERED = 900
"""Speeds of recent frames, with which the chart of a page begins: a quarter hour."""


class Speed(NamedTuple):
    """Bytes per second at an instant (UTC seconds)."""

    at: int
    receive: int
    transmit: int


class LiveFeed:
    """The frames of one service, made only while clients listen; `recent` are their speeds."""

    def __init__(self, context: ServiceContext) -> None:
        """Nothing runs before the first listener."""
        self._context = context
        self._writers: dict[AbstractStreamWriter, str] = {}
        self._event = b""
        self._next = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_closing = False
        self.recent: deque[Speed] = deque(maxlen=REMEMBERED)

    @property
    def listener_count(self) -> int:
        """Number of clients."""
        return len(self._writers)

    def has_room_for(self, address: str) -> bool:
        """True if one more client of this address may listen: at the limit, only if another address has more."""
        return not self._is_closing and (self.listener_count < MOST_LISTENERS or self._evictable(address) is not None)

    async def send_to(self, writer: AbstractStreamWriter, address: str) -> None:
        """Send each frame to one client until it disconnects or takes nothing, or the service stops."""
        with self._listening(writer, address):
            await writer.write(b"retry: 2000\n\n")
            event = b""
            while event := await self._after(event):
                async with asyncio.timeout(STUCK_SECONDS):
                    await writer.write(event)

    async def close(self) -> None:
        """End every stream; clients that have not taken everything are aborted."""
        self._is_closing = True
        self._next.set()
        for writer in self._writers:
            _abort_if_behind(writer)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _evictable(self, address: str) -> AbstractStreamWriter | None:
        """The first client of the address with most clients, if `address` has at least two fewer."""
        clients = Counter(self._writers.values())
        largest, count = clients.most_common(1)[0] if clients else (address, 0)
        if count <= clients[address] + 1:
            return None
        return next(writer for writer, owner in self._writers.items() if owner == largest)

    def _make_room_for(self, address: str) -> None:
        """At the limit, abort a client of the address with most clients: no address takes every place."""
        evicted = self._evictable(address)
        if self.listener_count >= MOST_LISTENERS and evicted is not None:
            del self._writers[evicted]
            if evicted.transport is not None:
                evicted.transport.abort()

    @contextlib.contextmanager
    def _listening(self, writer: AbstractStreamWriter, address: str) -> Iterator[None]:
        self._make_room_for(address)
        self._writers[writer] = address
        if self._task is None and not self._is_closing:
            self._task = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            self._writers.pop(writer, None)

    async def _after(self, event: bytes) -> bytes:
        """The newest event, as soon as it is another than this; b"" when the service stops."""
        while not self._is_closing:
            if self._event and self._event is not event:
                return self._event
            await self._next.wait()
        return b""

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while self._writers:
                self._make()
                due = max(due + FRAME_SECONDS, loop.time())
                await asyncio.sleep(due - loop.time())
        finally:
            self._task, self._event = None, b""

    def _make(self) -> None:
        try:
            frame = live_frame(self._context, self._context.fresh_snapshot())
        except Exception:  # the outermost loop of a task: one failed frame must not end all later ones
            log.exception("a live frame could not be made")
            return
        if not self.recent or self.recent[-1].at < frame.at:
            self.recent.append(Speed(frame.at, frame.receive, frame.transmit))
        self._event = b"event: live\ndata: " + frame.encode() + b"\n\n"
        self._next.set()
        self._next = asyncio.Event()


def _abort_if_behind(writer: Any) -> None:
    """A client that takes nothing would delay the stop of the service."""
    transport = writer.transport
    if transport is not None and transport.get_write_buffer_size():
        transport.abort()


FEED = web.AppKey("feed", LiveFeed)


def add_feed(app: web.Application) -> None:
    """Add the feed; it ends before the server waits for open connections."""
    feed = app[FEED] = LiveFeed(app[CONTEXT])

    async def close(_app: web.Application) -> None:
        await feed.close()

    app.on_shutdown.append(close)


@routes.page("/api/live/stream", "Speeds and totals as server-sent events, one a second", EVENT_STREAM)
async def stream(request: web.Request) -> web.StreamResponse:
    """One event a second, `live`, with a frame as JSON; a slow client misses some."""
    feed = request.app[FEED]
    headers = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":
        return web.Response(headers=headers)
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.app[ACCESS].allowed_origin(request) is None:
        return error_response(403, "pages from elsewhere may not listen: add them to server.cors_origins")
    address = request.remote or ""
    if not feed.has_room_for(address):
        rule = f"{MOST_LISTENERS} clients listen already, and no more may: close one, or ask /api/live"
        return error_response(503, rule)
    response = web.StreamResponse(headers=headers)
    writer = await response.prepare(request)
    assert writer is not None  # noqa: S101 - a response is prepared once
    try:
        await feed.send_to(writer, address)
    except (TimeoutError, ConnectionError):
        _abort_if_behind(writer)
    return response
