"""Bodies of requests: how much of them is in memory at once, and that they are decoded one by one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.web.http.responses import RefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

MOST_HELD, MOST_UNPROVEN = 16 << 20, 4 << 20
"""Bytes of bodies of all requests together, and of those whose key is in the body."""

QUICK_BODY = 2048
"""Bytes that are decoded in less time than it takes to let others go on."""

BODY = web.RequestKey("body", bytes)
"""Where a request has its body."""


class Bodies:
    """The bodies that a service holds in memory, from their first byte to the answer."""

    def __init__(self) -> None:
        """Begin without one."""
        self.held = {True: 0, False: 0}
        """Bytes by whether the client has shown a key."""
        self._decoding = asyncio.Lock()

    @contextmanager
    def reserved(self, *, is_proven: bool) -> Iterator[Reservation]:
        """What one body takes; given back at the end."""
        reservation = Reservation(self, is_proven)
        try:
            yield reservation
        finally:
            self.held[is_proven] -= reservation.size

    @asynccontextmanager
    async def turn(self, body: bytes) -> AsyncIterator[None]:
        """A body's turn to be decoded: in the order of their coming, and other requests go on in between.

        A body of one event is decoded at once.
        """
        if len(body) <= QUICK_BODY:
            yield
            return
        async with self._decoding:
            await asyncio.sleep(0)
            yield


class Reservation:
    """The part of one request."""

    def __init__(self, bodies: Bodies, is_proven: bool) -> None:  # noqa: FBT001 - a key of its dictionary
        """Nothing yet."""
        self._bodies, self._is_proven, self.size = bodies, is_proven, 0

    async def read(self, request: web.Request, largest: int) -> bytes:
        """The body, decompressed; raises RefusedError where it is too large, alone or with all others."""
        if (request.content_length or 0) > largest:
            raise RefusedError(413, _too_large(largest))
        body = bytearray()
        while chunk := await request.content.readany():
            self._grow(len(chunk))
            body += chunk
            if self.size > largest:
                raise RefusedError(413, _too_large(largest))
        return bytes(body)

    def _grow(self, size: int) -> None:
        most = MOST_HELD if self._is_proven else MOST_UNPROVEN
        self.size += size
        self._bodies.held[self._is_proven] += size
        if self._bodies.held[self._is_proven] > most:
            raise RefusedError(429, "too much is being sent at once: try again", {"Retry-After": "1"})


def _too_large(largest: int) -> str:
    return f"the body is larger than {largest} bytes"


BODIES = web.AppKey("bodies", Bodies)
