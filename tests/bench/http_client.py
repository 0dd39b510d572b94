"""GET over one kept connection, timed, and with less work of its own than a library's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

CHUNK = 1 << 20


class Answer(NamedTuple):
    """Status, body, and seconds from the first byte sent to the last one received."""

    status: int
    body: bytes
    seconds: float


class Drained(NamedTuple):
    """The same of an answer whose body was thrown away: its size on the wire in bytes."""

    status: int
    size: int
    seconds: float


class ProtocolError(Exception):
    """The answer is not what this client understands: HTTP/1.1 with a Content-Length, or in chunks."""


CHUNKED = -1
"""Length of a body that comes in chunks, as node_exporter sends it."""
LAST_CHUNK = b"0\r\n\r\n"


class KeptConnection:
    """One connection that asks one thing after the other."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def get(self, path: str, headers: str = "") -> Answer:
        """GET; `headers` are whole lines."""
        return self._ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())

    def post(self, path: str, body: bytes) -> Answer:
        """POST JSON."""
        headers = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return self._ask(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode() + body)

    def _ask(self, request: bytes) -> Answer:
        began = time.perf_counter()
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, rest = received.partition(b"\r\n\r\n")
        status, length = parse_head(head)
        body = self._chunks(rest) if length == CHUNKED else self._whole(rest, length)
        return Answer(status, body, time.perf_counter() - began)

    def drain(self, path: str) -> Drained:
        """GET an answer that is too long to be held; raises ProtocolError where it does not come in chunks."""
        began = time.perf_counter()
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, end = received.partition(b"\r\n\r\n")
        status, length = parse_head(head)
        if length != CHUNKED:
            raise ProtocolError(f"{path}: {status}, in one piece")
        size = len(end)
        while not end.endswith(LAST_CHUNK):
            part = self._more()
            size += len(part)
            end = (end + part)[-len(LAST_CHUNK) :]
        return Drained(status, size, time.perf_counter() - began)

    def close(self) -> None:
        self._socket.close()

    def _whole(self, rest: bytes, length: int) -> bytes:
        parts, missing = [rest], length - len(rest)
        while missing > 0:
            parts.append(self._more())
            missing -= len(parts[-1])
        return b"".join(parts)

    def _chunks(self, rest: bytes) -> bytes:
        """The chunks with their lengths, as they came: only their time and size are of interest."""
        while not rest.endswith(LAST_CHUNK):
            rest += self._more()
        return rest

    def _more(self) -> bytes:
        part = self._socket.recv(CHUNK)
        if not part:
            raise ProtocolError("the connection was closed within an answer")
        return part


def parse_head(head: bytes) -> tuple[int, int]:
    """Status and length of the body, CHUNKED where it comes in chunks; raises ProtocolError."""
    first, *lines = head.split(b"\r\n")
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise ProtocolError(f"no status in {first!r}")
    for line in lines:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(words[1]), int(value)
        if name.strip().lower() == b"transfer-encoding" and value.strip().lower() == b"chunked":
            return int(words[1]), CHUNKED
    raise ProtocolError("an answer without Content-Length")
