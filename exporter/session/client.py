"""Client of the running service: HTTP/1.0 on a socket, since http.client costs a command 17 of 65 ms."""

from __future__ import annotations

import errno
import json
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_SECONDS = 5.0
OK, UNAUTHORIZED = 200, 401
UNREACHABLE = frozenset(
    {errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETUNREACH, errno.EHOSTUNREACH}
)
"""Errors of a connection to an address without a server."""
NETLEDGER, OTHER, NO_SERVER = "netledger", "other", "none"
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class ServiceError(Exception):
    """The service does not answer, or refuses; `status` is that of HTTP (0 without an answer).

    `reason` is the text of the service itself.
    """

    def __init__(self, text: str, status: int = 0, reason: str = "") -> None:
        super().__init__(text)
        self.status, self.reason = status, reason


class ServiceClient:
    """Requests to one service."""

    def __init__(self, url: str, *, key: str = "", certificate: Path | None = None) -> None:
        """`key` is the token in the service's lock file, or one of its API keys; `certificate` is trusted."""
        parts = urlsplit(url)
        host = parts.hostname or "127.0.0.1"
        self.url = url
        self._address = (EVERYWHERE.get(host, host), parts.port or 80)
        self._is_tls = parts.scheme == "https"
        self._key, self._certificate = key, certificate

    def get(self, path: str) -> dict[str, Any]:
        """GET a JSON object; raises ServiceError."""
        return self._object(self._answer("GET", path))

    def post(self, path: str, body: bytes = b"", timeout: float = TIMEOUT_SECONDS) -> dict[str, Any]:
        """POST JSON, or nothing, for a JSON object; raises ServiceError."""
        return self._object(self._answer("POST", path, body, timeout))

    def fetch(self, path: str) -> bytes:
        """GET any body, such as an export; raises ServiceError."""
        return self._answer("GET", path)

    def is_netledger(self) -> bool:
        """Whether the server is a netledger, with or without our key."""
        return self.identify() == NETLEDGER

    def identify(self) -> str:
        """The kind of server: NETLEDGER, OTHER or NO_SERVER; the key is not sent."""
        try:
            head = self._exchange("GET", "/-/healthy", key="").partition(b"\r\n\r\n")[0]
        except OSError as error:
            return NO_SERVER if error.errno in UNREACHABLE or isinstance(error, socket.gaierror) else OTHER
        return NETLEDGER if b"\r\nserver: netledger" in head.lower() else OTHER

    def _object(self, body: bytes) -> dict[str, Any]:
        try:
            return dict(json.loads(body))
        except (ValueError, TypeError) as error:
            raise ServiceError(f"what answers at {self.url} is not netledger") from error

    def _answer(self, method: str, path: str, given: bytes = b"", timeout: float = TIMEOUT_SECONDS) -> bytes:
        """The body of a successful answer."""
        try:
            head, _, body = self._exchange(method, path, self._key, given, timeout).partition(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
        except OSError as error:
            reason = error.strerror or str(error) or "timed out"
            raise ServiceError(f"the service at {self.url} did not answer: {reason}") from error
        except (ValueError, IndexError) as error:
            raise ServiceError(f"what answers at {self.url} is not netledger") from error
        if status == UNAUTHORIZED and not self._key:
            raise ServiceError(
                f"the service at {self.url} asks for a key: "
                "use its settings file (--config), or set NETLEDGER_AUTH_API_KEYS",
                status,
            )
        if status != OK:
            reason = str(self._object(body).get("error", status))
            raise ServiceError(f"the service at {self.url} refused: {reason}", status, reason)
        return body

    def _exchange(self, method: str, path: str, key: str, body: bytes = b"", timeout: float = TIMEOUT_SECONDS) -> bytes:
        headers = f"X-API-Key: {key}\r\n" if key else ""
        if body:
            headers += "Content-Type: application/json\r\n"
        head = f"{method} {path} HTTP/1.0\r\nHost: localhost\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        with self._connected() as plain:
            plain.settimeout(timeout)
            connection = self._secured(plain) if self._is_tls else plain
            with connection:
                connection.sendall(head.encode() + body)
                return b"".join(iter(lambda: connection.recv(65536), b""))

    def _connected(self) -> socket.socket:
        """Connect to a numeric address: a lookup by name would load the codec of domain names."""
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(TIMEOUT_SECONDS)
        with ExitStack() as undo:
            undo.callback(connection.close)
            connection.connect((host, port))
            undo.pop_all()
        return connection

    def _secured(self, plain: socket.socket) -> socket.socket:
        import ssl  # noqa: PLC0415 - ssl costs 6 MB, and plain HTTP does not need it

        context = ssl.create_default_context(cafile=self._certificate)
        context.check_hostname = False  # the certificate names the host, and we come over loopback
        return context.wrap_socket(plain)
