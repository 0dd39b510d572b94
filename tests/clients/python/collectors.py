"""A server in place of netledger: up, hanging, refusing, or busy; it keeps what it takes, each batch once."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "the-key"


class Collector:
    """What came. `statuses` are answers in place of 200, each for one request; the last stays while `is_stuck`."""

    def __init__(self) -> None:
        self.batches: dict[str, list[dict[str, Any]]] = {}
        self.ids: list[str] = []
        self.times: list[float] = []
        self.statuses: list[int] = []
        self.headers: dict[str, str] = {}
        self.requests: list[dict[str, str]] = []
        self.refused: list[Any] = []
        self.is_stuck = False
        self.url = ""
        self._changed = threading.Condition()

    @property
    def events(self) -> list[dict[str, Any]]:
        with self._changed:
            return [event for batch in self.batches.values() for event in batch]

    def wait_for(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        """The events, as soon as there are so many."""
        with self._changed:
            self._changed.wait_for(lambda: sum(map(len, self.batches.values())) >= count, seconds)
        return self.events

    def wait_for_tries(self, count: int, seconds: float = 10) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.ids) >= count, seconds)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer."""
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        batch = json.loads(body)
        with self._changed:
            self.ids.append(batch["id"])
            self.times.append(time.monotonic())
            self.requests.append(headers)
            status = 200
            if self.statuses:
                status = self.statuses[0] if self.is_stuck else self.statuses.pop(0)
            assert path == "/api/requests/track"
            if headers.get("x-api-key") != KEY:
                status = 401
            if status == 200:
                self.batches.setdefault(batch["id"], batch["events"])
            self._changed.notify_all()
        return status


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = collector.take(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
            answer = json.dumps({"accepted": 1, "refused": collector.refused} if status == 200 else {"error": "no"})
            self.send_response(status)
            for name, text in collector.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class CollectorServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.connections: list[socket.socket] = []
        super().__init__(address, handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def handle_error(self, *_: object) -> None:
        """A connection that the test has cut."""


@contextmanager
def collecting(collector: Collector | None = None, port: int = 0) -> Iterator[Collector]:
    """One that answers; at the end its connections are cut."""
    collector = collector or Collector()
    server = CollectorServer(("127.0.0.1", port), _handler(collector))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    collector.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for connection in server.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextmanager
def hanging() -> Iterator[str]:
    """The address of one that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def free_port() -> int:
    """A port of loopback at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
