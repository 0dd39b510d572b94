"""A connection: time limits for clients that send or take nothing, and JSON errors for what is not HTTP."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web

from exporter.web.http.responses import error_response

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from aiohttp.web_request import BaseRequest

log = logging.getLogger(__name__)

UNREADABLE = "the request is not HTTP that can be read here"
FAILED = "the service could not answer; its log says why"

HEAD_SECONDS = 10.0
"""From the connection to the end of the first request's headers."""

REST_SECONDS = 75.0
"""From a response to the end of the next request's headers: longer than a minute between two scrapes."""

LINGERING_SECONDS = 2.0
STUCK_SECONDS = 10.0
LEAST_TAKEN = 4096
"""Bytes of a response that a client must take in that time: 0.4 kB/s."""


class Protocol(web.RequestHandler):
    """A connection; `is_local` if it came by the listener for commands of this machine."""

    __slots__ = ("_head_timer", "_on_end", "_write_timer", "is_local")

    def __init__(
        self,
        manager: web.Server,
        *,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[Protocol], None],
        is_local: bool = False,
    ) -> None:
        """Not connected yet; `on_end` is called after the connection has ended."""
        super().__init__(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # None is no log
            keepalive_timeout=REST_SECONDS,
            lingering_time=LINGERING_SECONDS,
        )
        self._on_end, self.is_local = on_end, is_local
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    @property
    def eviction_cost(self) -> int:
        """What is lost with it: nothing before the first request (0), little between two (1), a response (2)."""
        if self._waiter is None:
            return 2
        return min(self._request_count, 1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the time limit of the first request."""
        super().connection_made(transport)
        # A byte that waits to be sent is then one that the client does not take
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=0)
        self._head_timer = self._loop.call_later(HEAD_SECONDS, self._end_without_request)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the timers."""
        for timer in (self._head_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        self._on_end(self)

    def pause_writing(self) -> None:
        """Start the time limit of a client that takes less than is sent."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """Stop it: the client has taken everything."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()

    def abort(self) -> None:
        """End the connection at once, whatever waits to be sent."""
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The response to an error outside the routes; only errors of the service are logged at a level above debug."""
        if request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            log.debug("a request of %s is not HTTP: %s", request.remote, message)
        else:
            log.error("answering %s failed", request.remote, exc_info=exc)
        response = error_response(status, UNREADABLE if status < HTTPStatus.INTERNAL_SERVER_ERROR else FAILED)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log what failed; not that the rest of a damaged body cannot be passed over: its client has had an answer."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)

    def _end_without_request(self) -> None:
        if self._request_count == 0:
            self.abort()

    def _watch_writing(self) -> None:
        transport = self.transport
        if transport is not None:
            left = transport.get_write_buffer_size()
            self._write_timer = self._loop.call_later(STUCK_SECONDS, self._end_if_stuck, transport, left)

    def _end_if_stuck(self, transport: asyncio.Transport, before: int) -> None:
        """`transport` outlives the attribute: after closing, it still waits for bytes that are not taken."""
        left = transport.get_write_buffer_size()
        if left and left > before - LEAST_TAKEN:
            transport.abort()
        elif left:
            self._write_timer = self._loop.call_later(STUCK_SECONDS, self._end_if_stuck, transport, left)
