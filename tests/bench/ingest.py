"""Ingest of requests: batches and single ones, each acknowledged after its commit; and what else waits meanwhile."""

from __future__ import annotations

import json
import os
import selectors
import time
import uuid
from http import HTTPStatus
from itertools import count
from threading import Event, Thread
from typing import TYPE_CHECKING

from tests.bench.http_client import parse_head
from tests.bench.places import Place
from tests.bench.process_figures import cpu_seconds, memory_of
from tests.bench.rows import KERNEL_MEGABYTE, MILLISECOND, Row
from tests.bench.running import running

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

    from tests.bench.running import Running
    from tests.bench.settings import Bench

PATH = "/api/requests/track"
BATCH, ROUTES = 500, 60
BATCH_CONNECTIONS, SINGLE_CONNECTIONS = 4, 64
WARM_UP, FLOOD = 20_000, 1_000_000
PER_SECOND = 7_000
"""Of the reported times: they go on, as those of a busy service do."""

PROBE_SECONDS = 0.02
SCRAPE_SECONDS = 1.05
CORE = {0}
SETTINGS = {"NETLEDGER_APPLICATIONS_METER": "off"}


def measure(bench: Bench) -> list[Row]:
    """Milliseconds that a thousand requests take, in batches and singly; RSS and the longest waits of a flood."""
    events = Reported()
    with running(Place(), bench.folder / "ingest.db", SETTINGS) as service:
        os.sched_setaffinity(service.pid, CORE)
        key = _key(service)
        _send(service, key, BATCH_CONNECTIONS, events.batches(WARM_UP // BATCH))
        before = memory_of(service.pid).resident
        rate = 20 if bench.requests < 100 else 100
        batches = [
            _per_thousand(service, key, BATCH_CONNECTIONS, events.batches(rate), BATCH) for _ in range(bench.rounds)
        ]
        singles = [
            _per_thousand(service, key, SINGLE_CONNECTIONS, events.singles(50 * rate), 1) for _ in range(bench.rounds)
        ]
        left = FLOOD - bench.rounds * rate * (BATCH + 50)
        waits = _flooded(service, key, events.batches(max(left, 0) // BATCH))
        added = (memory_of(service.pid).resident - before) / KERNEL_MEGABYTE
    one_core = "the service on one core, its clients on the others"
    return [
        Row(
            f"1,000 requests in batches of {BATCH}, {BATCH_CONNECTIONS} connections, committed",
            "ms",
            10,
            tuple(batches),
            "API Analytics 4,400",
            remark=f"100,000 requests a second are 10 ms; {one_core}",
        ),
        Row(
            f"1,000 requests singly, {SINGLE_CONNECTIONS} connections, committed",
            "ms",
            333,
            tuple(singles),
            "API Analytics 4,400",
            remark="3,000 requests a second are 333 ms",
        ),
        Row("RSS added by 1,000,000 requests", "MB", 10, (added,), "API Analytics 96"),
        *waits,
    ]


class Reported:
    """Bodies of requests to a service, whose times go on from one to the next."""

    def __init__(self) -> None:
        """The first is an hour ago."""
        self._numbers = count()
        self._began = time.time() - 3600

    def batches(self, number: int) -> list[bytes]:
        """Bodies of batches."""
        return [
            json.dumps({"id": uuid.uuid4().hex, "events": [self._event() for _ in range(BATCH)]}).encode()
            for _ in range(number)
        ]

    def singles(self, number: int) -> list[bytes]:
        """Bodies of single requests."""
        return [json.dumps(self._event()).encode() for _ in range(number)]

    def _event(self) -> dict[str, object]:
        number = next(self._numbers)
        at = self._began + number / PER_SECOND
        return {
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1e6) % 1_000_000:06}Z",
            "method": "GET",
            "endpoint": f"/items/section{number % ROUTES}",
            "ip": f"192.0.2.{number % 200}",
            "process_time": 1 + number % 977 / 10,
            "status_code": 500 if number % 50 == 0 else 200,
            "response_bytes": 2000,
        }


class Flow:
    """One connection that sends one body after the other, each when the one before was answered."""

    def __init__(self, connected: socket.socket, head: str, bodies: Iterator[bytes]) -> None:
        self._socket, self._head, self._bodies = connected, head, bodies
        self._received = b""

    def send(self) -> bool:
        """Send the next body; False where there is none."""
        body = next(self._bodies, None)
        if body is None:
            return False
        self._socket.sendall(f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return True

    def receive(self) -> bool:
        """Take what has come; True where an answer is complete."""
        self._received += self._socket.recv(65536)
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return False
        status, length = parse_head(head)
        assert status == HTTPStatus.OK, self._received
        if len(body) < length:
            return False
        self._received = b""
        return True


def _send(service: Running, key: str, connections: int, bodies: Sequence[bytes]) -> float:
    """Seconds that all bodies took, over so many connections."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
    remaining = iter(bodies)
    sockets = [service.socket() for _ in range(connections)]
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ, Flow(each, head, remaining))
        began = time.perf_counter()
        busy = sum(found.data.send() for found in list(selector.get_map().values()))
        while busy:
            for found, _ in selector.select():
                if found.data.receive():
                    busy -= not found.data.send()
        seconds = time.perf_counter() - began
    for each in sockets:
        each.close()
    return seconds


def _per_thousand(service: Running, key: str, connections: int, bodies: Sequence[bytes], size: int) -> float:
    return _send(service, key, connections, bodies) * 1000 / (len(bodies) * size) / MILLISECOND


def _flooded(service: Running, key: str, bodies: Sequence[bytes]) -> list[Row]:
    """The longest scrape, and the longest time between two samples, while batches are sent as fast as it goes."""
    stopped, scrapes = Event(), [_scrape(service)]

    def watch() -> None:
        while not stopped.wait(SCRAPE_SECONDS):
            scrapes.append(_scrape(service))

    watching = Thread(target=watch)
    watching.start()
    used, began = cpu_seconds(service.pid), time.perf_counter()
    _send(service, key, BATCH_CONNECTIONS, bodies)
    share = (cpu_seconds(service.pid) - used) / max(time.perf_counter() - began, 1e-9)
    stopped.set()
    watching.join()
    remark = f"each finds a new sample; the service used {share:.2f} of its core"
    return [Row("scrape during a flood of requests, at most", "ms", 20, tuple(scrapes), judged="worst", remark=remark)]


def _scrape(service: Running) -> float:
    return service.get("/metrics").seconds / MILLISECOND


def _key(service: Running) -> str:
    answer = service.post("/generate_key", b'{"service": "shop"}')
    assert answer.status == HTTPStatus.OK, answer.body
    key: str = json.loads(answer.body)
    return key
