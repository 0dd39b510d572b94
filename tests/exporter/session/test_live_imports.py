"""Parts of logs that a service cannot take now are handed over again, and what it refuses is not."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.events import EventCounts
from exporter.meters.requests.logs import parts, positions
from exporter.meters.requests.logs.parts import ImportedPart
from exporter.meters.requests.logs.positions import Position, digest
from exporter.session.client import ServiceClient, ServiceError
from exporter.session.live_imports import LiveRequests
from exporter.session.log_imports import RefusedPartError

if TYPE_CHECKING:
    from collections.abc import Iterator

AFTER = Position("shop", 50, digest(b"a"), digest(b"b"), 5)
COUNTS = EventCounts("shop", 1_740_830_400_000_000, "GET", "/\u00e9", 404, 2, 0, 9, 30, {10: 1, 20: 1}, 10, 20)
PART = ImportedPart(
    "/var/log/shop.log", "log:0123456789abcdef", 0, AFTER, [COUNTS], 1, {(1_934_256, "shop"): {"192.0.2.7": 3}}
)


@contextmanager
def answering(statuses: list[int], bodies: list[bytes]) -> Iterator[LiveRequests]:
    """What posts to a server that answers with these statuses, one after the other."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(statuses[len(bodies) - 1])
            self.end_headers()
            self.wfile.write(b'{"error": "a reason"}')

        def log_message(self, *_: object) -> None:
            """Nothing is written."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield LiveRequests(ServiceClient(f"http://127.0.0.1:{server.server_port}", key="k"), {})
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Take no time for pauses."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_a_part_comes_as_it_went() -> None:
    assert parts.decoded(parts.encoded(PART)) == PART


def test_a_busy_service_gets_the_same_part_again(pauses: list[float]) -> None:
    bodies: list[bytes] = []
    with answering([429, 503, 200], bodies) as target:
        target.put(PART)

    assert bodies == [parts.encoded(PART)] * 3
    assert pauses[:2] == [1.0, 1.0]
    assert positions.decoded(target.notes[PART.name]) == AFTER


@pytest.mark.parametrize("status", [400, 413])
def test_what_is_refused_is_not_sent_again(status: int) -> None:
    bodies: list[bytes] = []
    with answering([status], bodies) as target, pytest.raises(RefusedPartError, match="a reason"):
        target.put(PART)

    assert len(bodies) == 1
    assert not target.notes


def test_a_service_that_stays_busy_ends_the_import() -> None:
    bodies: list[bytes] = []
    with answering([503] * 30, bodies) as target, pytest.raises(ServiceError):
        target.put(PART)

    assert len(bodies) == 30
