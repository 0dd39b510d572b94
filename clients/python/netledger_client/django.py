"""Middleware for Django, under WSGI and ASGI: the first of MIDDLEWARE; settings NETLEDGER_URL and NETLEDGER_KEY.

`MIDDLEWARE = ["netledger_client.django.DjangoMiddleware", ...]`. The server closes a response when its last byte is
sent, and with that a request ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings

from netledger_client.exchanges import FAILED, Exchange, RequestLine
from netledger_client.reporting import Recorder, new_recorder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class DjangoExchange(Exchange):
    """A request of Django's."""

    def note_response(self, request: Any, response: Any) -> None:
        """There is a response: it is recorded when it is closed."""
        self.code = response.status_code
        match = request.resolver_match
        self.route = f"/{match.route.lstrip('^/')}" if match is not None and match.route is not None else ""
        if getattr(request, "_read_started", False):
            self.request_bytes = int(request.META.get("CONTENT_LENGTH") or 0)
        length = response.headers.get("Content-Length", "")
        if not response.streaming:
            self.response_bytes = len(response.content)
        elif length.isdigit():
            self.response_bytes = int(length)
        else:
            counted = self._counted_later if response.is_async else self._counted
            response.streaming_content = counted(response.streaming_content)
        response._resource_closers.append(self.close)  # noqa: SLF001 - Django's own way to hear of the end

    def close(self) -> None:
        """The last byte is sent, or the client is gone."""
        self.recorder.attempt(self.finish)

    def fail(self, error: BaseException) -> None:
        """Record that a view raises, where Django lets it through."""
        self.recorder.attempt(self.finish, FAILED if isinstance(error, Exception) else self.code)

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.response_bytes += len(chunk)
            yield chunk

    async def _counted_later(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self.response_bytes += len(chunk)
            yield chunk


def _begin(recorder: Recorder, request: Any) -> DjangoExchange:
    client, user = getattr(settings, "NETLEDGER_CLIENT", None), getattr(settings, "NETLEDGER_USER", None)
    line = RequestLine(
        request.method,
        request.path,
        (client(request) if client else request.META.get("REMOTE_ADDR")) or "",
        request.META.get("HTTP_USER_AGENT", ""),
        user(request) if user else "",
    )
    return DjangoExchange(recorder, line)


class DjangoMiddleware:
    """Counts each request; NETLEDGER_CLIENT and NETLEDGER_USER in the settings are functions of the request."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        """Nothing is sent before the first request."""
        self._get_response = get_response
        self.recorder: Recorder = getattr(settings, "NETLEDGER_RECORDER", None) or new_recorder(
            getattr(settings, "NETLEDGER_KEY", None), getattr(settings, "NETLEDGER_URL", None)
        )
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Pass a request on, and count it."""
        if iscoroutinefunction(self):
            return self._count_later(request)
        exchange = self.recorder.attempt(_begin, self.recorder, request)
        try:
            return self._noted(exchange, request, self._get_response(request))
        except BaseException as error:
            _fail(exchange, error)
            raise

    async def _count_later(self, request: Any) -> Any:
        exchange = self.recorder.attempt(_begin, self.recorder, request)
        try:
            return self._noted(exchange, request, await self._get_response(request))
        except BaseException as error:
            _fail(exchange, error)
            raise

    def _noted(self, exchange: DjangoExchange | None, request: Any, response: Any) -> Any:
        if exchange is not None:
            self.recorder.attempt(exchange.note_response, request, response)
        return response


def _fail(exchange: DjangoExchange | None, error: BaseException) -> None:
    if exchange is not None:
        exchange.fail(error)
