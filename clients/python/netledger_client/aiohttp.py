"""Middleware for servers of aiohttp: the first of the list, `web.Application(middlewares=[request_middleware()])`.

A response is written after all middlewares have returned. So each request's writer says when its headers and when its
last byte are sent: whichever handler, middleware or error page makes the response in the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from aiohttp import hdrs, web

from netledger_client.exchanges import FAILED, Exchange, RequestLine
from netledger_client.reporting import Recorder, new_recorder

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware
    from multidict import CIMultiDict

TextOf = Callable[[web.Request], str]
SWITCHING = 101
BODILESS = frozenset({204, 304})


class ServerExchange(Exchange):
    """A request of aiohttp's."""

    def __init__(self, recorder: Recorder, line: RequestLine, request: web.Request) -> None:
        """Begins now."""
        super().__init__(recorder, line)
        self._request = request
        writer: Any = request.writer
        self._writer, self._content_length = writer, 0
        self._write_headers, self._write, self._write_eof = writer.write_headers, writer.write, writer.write_eof
        writer.write_headers, writer.write, writer.write_eof = self._note_headers, self._note_write, self._note_eof

    async def _note_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        self.recorder.attempt(self._read_head, status_line, headers)
        await self._write_headers(status_line, headers)

    async def _note_write(self, chunk: bytes, **options: Any) -> None:
        self.response_bytes += len(chunk)
        await self._write(chunk, **options)

    async def _note_eof(self, chunk: bytes = b"") -> None:
        self.response_bytes += len(chunk)
        try:
            await self._write_eof(chunk)
        finally:
            self.recorder.attempt(self.close)

    def fail(self, error: BaseException) -> None:
        """The handler raises: aiohttp answers with an error, unless an answer has begun or the request is cancelled."""
        if isinstance(error, web.HTTPException) or (isinstance(error, Exception) and not self.code):
            return
        self.recorder.attempt(self.close, FAILED if isinstance(error, Exception) else self.code)

    def close(self, code: int | None = None) -> None:
        """Record it."""
        if self.is_finished:
            return
        self._release()
        # What the kernel sends from a file does not pass the writer.
        self.response_bytes = self.response_bytes or self._content_length
        self.request_bytes = getattr(self._request.content, "total_bytes", 0)
        resource = self._request.match_info.route.resource
        self.route = resource.canonical if resource is not None else ""
        self.finish(code)

    def _read_head(self, status_line: str, headers: CIMultiDict[str]) -> None:
        self.code = int(status_line.split(" ", 2)[1])
        length = headers.get(hdrs.CONTENT_LENGTH, "")
        self._content_length = int(length) if length.isdigit() and self.code not in BODILESS else 0
        if self.code == SWITCHING:  # a WebSocket: what follows is no response
            self._release()
            self.is_finished = True

    def _release(self) -> None:
        """The writer is as it was: else both would wait for the garbage collector."""
        del self._writer.write_headers, self._writer.write, self._writer.write_eof


def request_middleware(
    api_key: str | None = None,
    *,
    url: str | None = None,
    recorder: Recorder | None = None,
    client: TextOf | None = None,
    user: TextOf | None = None,
) -> Middleware:
    """A middleware that counts each request.

    `client` and `user` are functions of the request that say who asks: the peer's address and nobody where they are not
    given.
    """
    used = recorder or new_recorder(api_key, url)

    def begin(request: web.Request) -> ServerExchange:
        line = RequestLine(
            request.method,
            request.path,
            (client(request) if client else request.remote) or "",
            request.headers.get(hdrs.USER_AGENT, ""),
            user(request) if user else "",
        )
        return ServerExchange(used, line, request)

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = used.attempt(begin, request)
        try:
            return await handler(request)
        except BaseException as error:
            if exchange is not None:
                exchange.fail(error)
            raise

    return count
