"""The connection to netledger: one request at a time, kept open between them."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

PATH = "/api/requests/track"
LARGEST_ANSWER = 1 << 20
SMALLEST_GZIP = 1400
"""Bytes: what fits into one packet is sent as it is."""

HERE = ("127.", "localhost", "::1")
"""To this machine gzip costs time on both ends and saves nothing."""


class Answer(NamedTuple):
    """What came back; `retry_after` are seconds, None where nothing was said."""

    status: int
    retry_after: float | None = None
    body: bytes = b""


class Transport:
    """Posts batches. All calls come from one thread at a time."""

    def __init__(self, url: str, key: str, answer_seconds: float) -> None:
        """Nothing is opened before the first batch."""
        parts = urlsplit(url)
        self._is_secure, self._host, self._port = parts.scheme == "https", parts.hostname or "", parts.port
        self._path, self._seconds = f"{parts.path.rstrip('/')}{PATH}", answer_seconds
        self._headers = {"Content-Type": "application/json", "X-API-Key": key, "User-Agent": "netledger-client"}
        self._has_gzip = not self._host.startswith(HERE)
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes, seconds: float | None = None) -> Answer:
        """The answer to one batch; raises OSError and http.client.HTTPException.

        A connection that was kept open may have been closed by the other side: then a new one is tried at once.
        """
        headers = self._headers
        if self._has_gzip and len(body) > SMALLEST_GZIP:
            body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
        is_kept = self._connection is not None
        try:
            return self._posted(body, headers, seconds)
        except socket.timeout:
            self.close()
            raise
        except (OSError, http.client.HTTPException):
            self.close()
            if not is_kept:
                raise
        try:
            return self._posted(body, headers, seconds)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def close(self) -> None:
        """Close what is open; in a forked child that is its copy alone."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _posted(self, body: bytes, headers: dict[str, str], seconds: float | None) -> Answer:
        connection = self._connection or self._connect()
        self._connection = connection
        connection.timeout = self._seconds if seconds is None else min(seconds, self._seconds)
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        connection.request("POST", self._path, body, headers)
        with contextlib.closing(connection.getresponse()) as response:
            content = response.read(LARGEST_ANSWER)
            if response.read(1):
                self.close()
            return Answer(response.status, _seconds(response.getheader("Retry-After")), content)

    def _connect(self) -> http.client.HTTPConnection:
        if self._is_secure:
            return http.client.HTTPSConnection(self._host, self._port, context=ssl.create_default_context())
        return http.client.HTTPConnection(self._host, self._port)


def _seconds(text: str | None) -> float | None:
    """Seconds of a Retry-After; a date is as if nothing was said."""
    return float(text) if text and text.isascii() and text.isdigit() else None
