"""Middleware for ASGI: FastAPI, Starlette, and whatever else speaks it. WebSockets pass untouched."""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable

from netledger_client.asgi_routes import template
from netledger_client.exchanges import FAILED, Exchange, RequestLine
from netledger_client.reporting import Recorder, new_recorder

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
TextOf = Callable[[Any], str]


class AsgiExchange(Exchange):
    """A request of ASGI."""

    def __init__(self, recorder: Recorder, line: RequestLine, scope: Scope) -> None:
        """Begins now."""
        super().__init__(recorder, line)
        self._scope, self._root_path = scope, scope.get("root_path", "")
        self._is_gone = self._is_complete = False
        self._announced = 0

    async def watch(self, application: Any, receive: Receive, send: Send) -> None:
        """Let an application answer, and record how it ends."""

        async def counted_send(message: Message) -> None:
            self.recorder.attempt(self._note_sending, message)
            try:
                await send(message)
            except BaseException:
                self._is_gone = True
                raise
            self.recorder.attempt(self._note_sent, message)

        try:
            await application(self._scope, receive, counted_send)
        except BaseException as error:
            self.fail(error)
            raise
        # Without a response the server itself answers that there is none.
        self.recorder.attempt(self._finish, self.code or (0 if self._is_gone else FAILED))

    def receiving(self, receive: Receive) -> Receive:
        """The same, counted."""

        async def counted_receive() -> Message:
            message = await receive()
            self.recorder.attempt(self._note_received, message)
            return message

        return counted_receive

    def fail(self, error: BaseException) -> None:
        """Record that the application raises; cancelled, or without its client, it has not failed."""
        is_failure = isinstance(error, Exception) and not self._is_gone
        self.recorder.attempt(self._finish, FAILED if is_failure else self.code)

    def _note_received(self, message: Message) -> None:
        if message["type"] == "http.request":
            self.request_bytes += len(message.get("body", b""))
        elif message["type"] == "http.disconnect":
            self._is_gone = True
            self.end()

    def _note_sending(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.code = message["status"]
            lengths = [value for name, value in message.get("headers", ()) if name.lower() == b"content-length"]
            self._announced = int(lengths[0]) if lengths else 0

    def _note_sent(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            self.response_bytes += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
        elif kind in {"http.response.pathsend", "http.response.zerocopysend"}:
            self.response_bytes += message.get("count") or self._announced
            self._is_complete = not message.get("more_body", False)
        if self._is_complete:
            self._finish(self.code)

    def _finish(self, code: int) -> None:
        if not self.is_finished:
            self.route = template(self._scope, self._root_path)  # type: ignore[arg-type]
            self.finish(code)


class AsgiMiddleware:
    """`app.add_middleware(AsgiMiddleware, api_key="...")`.

    `client` and `user` are functions of the scope that say who asks: the peer's address and nobody where they are not
    given.
    """

    def __init__(
        self,
        app: Any,
        api_key: str | None = None,
        *,
        url: str | None = None,
        recorder: Recorder | None = None,
        client: TextOf | None = None,
        user: TextOf | None = None,
    ) -> None:
        """Wraps an application."""
        self.app = app
        self.recorder = recorder or new_recorder(api_key, url)
        self._client, self._user = client, user

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        exchange = None
        if scope["type"] == "http":
            exchange = self.recorder.attempt(begin, self.recorder, scope, self._client, self._user)
        elif scope["type"] == "lifespan":
            send = _flushing(self.recorder, send)
        if exchange is None:
            await self.app(scope, receive, send)
        else:
            await exchange.watch(self.app, exchange.receiving(receive), send)


def create_tracking_middleware(
    api_key: str | None = None,
    *,
    url: str | None = None,
    recorder: Recorder | None = None,
    client: TextOf | None = None,
    user: TextOf | None = None,
) -> Callable[[Any, Any], Awaitable[Any]]:
    """A function for `app.middleware("http")` of FastAPI, which counts each request."""
    used = recorder or new_recorder(api_key, url)

    async def track(request: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        exchange = used.attempt(begin, used, request.scope, client, user)
        if exchange is None:
            return await call_next(request)
        if hasattr(request, "_receive"):
            request._receive = exchange.receiving(request._receive)  # noqa: SLF001 - there is no other way to it
        try:
            response = await call_next(request)
        except BaseException as error:
            exchange.fail(error)
            raise
        return TrackedResponse(response, exchange)

    return track


class TrackedResponse:
    """A response that is recorded when its last byte is sent; in all else it is the one that it wraps."""

    def __init__(self, response: Any, exchange: AsgiExchange) -> None:
        """Wraps a response of Starlette's."""
        self._response, self._exchange = response, exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._exchange.watch(self._response, receive, send)


def begin(recorder: Recorder, scope: Scope, client: TextOf | None, user: TextOf | None) -> AsgiExchange:
    """A request of ASGI that comes now."""
    peer = scope.get("client")
    agents = [value for name, value in scope["headers"] if name == b"user-agent"]
    line = RequestLine(
        scope["method"],
        scope["path"],
        client(scope) if client else (peer[0] if peer else ""),
        agents[0].decode("latin-1") if agents else "",
        user(scope) if user else "",
    )
    return AsgiExchange(recorder, line, scope)


def _flushing(recorder: Recorder, send: Send) -> Send:
    """The same; before the application says that it is shut down, what waits is sent: a signal may end the process."""

    async def flush_before(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown."):
            recorder.attempt(recorder.flush)
        await send(message)

    return flush_before
