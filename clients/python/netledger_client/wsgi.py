"""Middleware for WSGI: Flask, and whatever else speaks it: `app.wsgi_app = WsgiMiddleware(app.wsgi_app, "key")`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from netledger_client.exchanges import FAILED, Exchange, RequestLine
from netledger_client.reporting import Recorder, new_recorder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TextOf = Callable[["dict[str, Any]"], str]


class WsgiExchange(Exchange):
    """A request of WSGI."""

    def __init__(self, recorder: Recorder, line: RequestLine, environ: dict[str, Any], route_of: TextOf | None) -> None:
        """Begins now."""
        super().__init__(recorder, line)
        self._environ, self._route_of = environ, route_of
        self._script = environ.get("SCRIPT_NAME", "")
        self.announced = 0
        body = environ.get("wsgi.input")
        if body is not None:
            environ["wsgi.input"] = CountedInput(body, self)

    def note_start(self, status: str, headers: list[tuple[str, str]]) -> None:
        """The application begins its response: its route is known, and is not for long."""
        self.code = int(status[:3])
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        self.announced = int(lengths[0]) if lengths else 0
        self.route = self._route()

    def fail(self, error: BaseException) -> None:
        """Record that the application raises."""
        self.recorder.attempt(self.finish, FAILED if isinstance(error, Exception) else self.code)

    def close(self) -> None:
        """Record it: the server asks for nothing any more."""
        self.recorder.attempt(self.finish)

    def _route(self) -> str:
        if self._route_of is not None:
            return self._route_of(self._environ) or ""
        rule = getattr(getattr(self._environ.get("werkzeug.request"), "url_rule", None), "rule", "")
        return f"{self._environ.get('SCRIPT_NAME', '')[len(self._script) :]}{rule}" if rule else ""


class WsgiMiddleware:
    """Wraps an application.

    `client`, `user` and `route` are functions of the environ: the peer's address, nobody, and the rule of Flask where
    they are not given.
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        api_key: str | None = None,
        *,
        url: str | None = None,
        recorder: Recorder | None = None,
        client: TextOf | None = None,
        user: TextOf | None = None,
        route: TextOf | None = None,
    ) -> None:
        """Nothing is sent before the first request."""
        self.app, self.recorder = app, recorder or new_recorder(api_key, url)
        self._client, self._user, self._route = client, user, route

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Pass a request on, and count it."""
        exchange = self.recorder.attempt(self._begin, environ)
        if exchange is None:
            return self.app(environ, start_response)

        def noted_start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            self.recorder.attempt(exchange.note_start, status, headers)
            error = (exc_info,) if exc_info else ()
            return CountedWrite(start_response(status, headers, *error), exchange)

        try:
            result = self.app(environ, noted_start)
        except BaseException as error:
            exchange.fail(error)
            raise
        return _counted(result, exchange, environ.get("wsgi.file_wrapper"))

    def _begin(self, environ: dict[str, Any]) -> WsgiExchange:
        line = RequestLine(
            environ["REQUEST_METHOD"],
            path_of(environ),
            (self._client(environ) if self._client else environ.get("REMOTE_ADDR")) or "",
            environ.get("HTTP_USER_AGENT", ""),
            self._user(environ) if self._user else "",
        )
        return WsgiExchange(self.recorder, line, environ, self._route)


def path_of(environ: dict[str, Any]) -> str:
    """The path that was asked for; WSGI gives its bytes as Latin-1."""
    raw: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return raw if raw.isascii() else raw.encode("latin-1", "replace").decode("utf-8", "replace")


def _counted(result: Iterable[bytes], exchange: WsgiExchange, file_wrapper: Any) -> Iterable[bytes]:
    """The same, counted; what servers treat in a way of its own stays what it is: lists, and files for sendfile."""
    if isinstance(file_wrapper, type) and isinstance(result, file_wrapper):
        return _counted_file(result, exchange)
    if type(result) in {list, tuple}:
        exchange.response_bytes += sum(map(len, result))
        return CountedList(result, exchange)
    return CountedChunks(result, exchange)


def _counted_file(result: Any, exchange: WsgiExchange) -> Iterable[bytes]:
    """The file, whose end closes the exchange, too."""
    close = getattr(result, "close", None)

    def close_both() -> None:
        exchange.response_bytes = exchange.announced
        exchange.close()
        if close is not None:
            close()

    exchange.recorder.attempt(setattr, result, "close", close_both)
    counted: Iterable[bytes] = result
    return counted


class CountedList(list[bytes]):
    """A response in one piece: servers read its length."""

    def __init__(self, chunks: Iterable[bytes], exchange: WsgiExchange) -> None:
        """Counted already."""
        super().__init__(chunks)
        self._exchange = exchange

    def close(self) -> None:
        """All is sent."""
        self._exchange.close()


class CountedChunks:
    """A response in pieces."""

    def __init__(self, chunks: Iterable[bytes], exchange: WsgiExchange) -> None:
        """Nothing is read before the server does."""
        self._chunks, self._exchange = chunks, exchange
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> CountedChunks:
        return self

    def __next__(self) -> bytes:
        exchange = self._exchange
        try:
            if self._iterator is None:
                self._iterator = iter(self._chunks)
            chunk = next(self._iterator)
        except StopIteration:  # the server has sent all that came before
            exchange.close()
            raise
        except BaseException as error:
            exchange.fail(error)
            raise
        exchange.response_bytes += len(chunk)
        return chunk

    def close(self) -> None:
        """The server has sent all, or its client is gone."""
        self._exchange.close()
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()


class CountedWrite:
    """The old way to send: `write` of start_response."""

    def __init__(self, write: Callable[[bytes], Any], exchange: WsgiExchange) -> None:
        """Wraps the server's."""
        self._write, self._exchange = write, exchange

    def __call__(self, chunk: bytes) -> Any:
        """Send a piece."""
        self._exchange.response_bytes += len(chunk)
        return self._write(chunk)


class CountedInput:
    """The body of a request, counted as the application reads it."""

    def __init__(self, body: Any, exchange: WsgiExchange) -> None:
        """Wraps the server's."""
        self._body, self._exchange = body, exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def read(self, *size: int) -> bytes:
        """So many bytes."""
        return self._noted(self._body.read(*size))

    def readline(self, *size: int) -> bytes:
        """One line."""
        return self._noted(self._body.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        """All lines."""
        return [self._noted(line) for line in self._body.readlines(*hint)]

    def readinto(self, buffer: Any) -> int:
        """As many bytes as there is room for."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def _noted(self, content: bytes) -> bytes:
        self._exchange.request_bytes += len(content)
        return content
