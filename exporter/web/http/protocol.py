"""One connection: time limits for whoever sends or takes nothing, and an error in our shape for what is not HTTP."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

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
"""From the connection to the end of the first request's head."""

REST_SECONDS = 75.0
"""From an answer to the end of the next request's head: longer than a minute between two scrapes."""

LINGERING_SECONDS = 2.0
STUCK_SECONDS = 10.0
LEAST_TAKEN = 4096
"""Bytes of an answer that a client must take in that time: 0.4 kB/s."""


class Protocol(web.RequestHandler):
    """One connection; `is_local` where it came through the door of this machine's commands."""

    __slots__ = ("_on_end", "_silence", "_stuck", "is_local")

    def __init__(
        self,
        manager: web.Server,
        *,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[Protocol], None],
        is_local: bool = False,
    ) -> None:
        """Not connected yet; `on_end` is called when it no longer is."""
        super().__init__(
            manager,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # None is no log
            keepalive_timeout=REST_SECONDS,
            lingering_time=LINGERING_SECONDS,
        )
        self._on_end, self.is_local = on_end, is_local
        self._silence: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None

    @property
    def patience(self) -> int:
        """What would be lost with it: nothing before its first request (0), little between two (1), an answer (2)."""
        if self._waiter is None:
            return 2
        return min(self._request_count, 1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)
        # Every byte that waits to be sent is then one that somebody does not take
        cast("asyncio.Transport", transport).set_write_buffer_limits(high=0)
        self._silence = self._loop.call_later(HEAD_SECONDS, self._end_silence)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go."""
        for timer in (self._silence, self._stuck):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        self._on_end(self)

    def pause_writing(self) -> None:
        """Watch how a client takes what the system could not send at once."""
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        """It has taken all."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()

    def cut_off(self) -> None:
        """End it at once, whatever waits to be sent."""
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what broke outside the routes: strangers fill no log, our own faults are logged once."""
        if request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            log.debug("a request of %s is not HTTP: %s", request.remote, message)
        else:
            log.error("answering %s failed", request.remote, exc_info=exc)
        response = error_response(status, UNREADABLE if status < HTTPStatus.INTERNAL_SERVER_ERROR else FAILED)
        response.force_close()
        return response

    def _end_silence(self) -> None:
        if self._request_count == 0:
            self.cut_off()

    def _watch_writing(self) -> None:
        transport = self.transport
        if transport is not None:
            left = transport.get_write_buffer_size()
            self._stuck = self._loop.call_later(STUCK_SECONDS, self._end_if_stuck, transport, left)

    def _end_if_stuck(self, transport: asyncio.Transport, before: int) -> None:
        """`transport` outlives the connection's own: closed, it still waits for what is not taken."""
        left = transport.get_write_buffer_size()
        if left and left > before - LEAST_TAKEN:
            transport.abort()
        elif left:
            self._stuck = self._loop.call_later(STUCK_SECONDS, self._end_if_stuck, transport, left)
