"""SIGKILL at random instants while services report: no acknowledged request is lost, and none counts twice."""

from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reports.ledger.sketches import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
INSTANTS = 50
CLIENTS, BATCH = 3, 40
READY_SECONDS = 30
FOREIGN = ("NETLEDGER", "XDG", "BANDWIDTH_API_KEY")


class Service:
    """`netledger run` on a port of its own, started and killed again and again."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.ledger = folder / "ledger.db"
        self._log = folder / "netledger.log"
        self._process: subprocess.Popen[bytes] | None = None
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        self._environment = foreign | {
            "HOME": str(folder),
            "NETLEDGER_SERVER_PORT": str(self.port),
            "NETLEDGER_LEDGER_PATH": str(self.ledger),
            "NETLEDGER_LEDGER_COMMIT_INTERVAL": "1s",
            "NETLEDGER_APPLICATIONS_METER": "off",
        }

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "exporter", "run"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment, cwd=ROOT)
        ends = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self._log.read_text(encoding="utf-8")
            assert time.monotonic() < ends, self._log.read_text(encoding="utf-8")
            time.sleep(0.02)

    def end(self, *, is_killed: bool) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill() if is_killed else self._process.terminate()
            self._process.wait(READY_SECONDS)
            self._process = None

    def post(self, path: str, body: object, key: str = "") -> Any:
        """The JSON of an answer; raises OSError where there is none, or an error."""
        headers = {"Content-Type": "application/json", **({"X-API-Key": key} if key else {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the ledger's file."""
        with closing(sqlite3.connect(f"file:{self.ledger}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False


class Client(threading.Thread):
    """Sends one batch after the other, each until it is acknowledged."""

    def __init__(self, service: Service, key: str, number: int) -> None:
        super().__init__(daemon=True)
        self._service, self._key, self._chance = service, key, random.Random(number)  # noqa: S311 - the same in every run
        self.stopped = threading.Event()
        self.acknowledged = 0

    def run(self) -> None:
        """Send until it is stopped; the last batch is acknowledged, too."""
        while not self.stopped.is_set():
            self._send({"id": uuid.uuid4().hex, "events": [self._event() for _ in range(BATCH)]})
            self.acknowledged += BATCH

    def _send(self, batch: object) -> None:
        ends = time.monotonic() + READY_SECONDS
        while True:
            try:
                self._service.post("/api/requests/track", batch, self._key)
            except OSError:  # killed, or not up yet: the same batch again
                assert time.monotonic() < ends, "no answer"
                time.sleep(0.01)
            else:
                return

    def _event(self) -> dict[str, object]:
        return {
            "created_at": time.time(),
            "method": self._chance.choice(["GET", "POST"]),
            "endpoint": f"/items/{self._chance.randrange(100)}",
            "ip": f"192.0.2.{self._chance.randrange(50)}",
            "process_time": self._chance.random() * 100,
            "status_code": self._chance.choice([200, 200, 404, 500]),
        }


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path)
    yield made
    made.end(is_killed=True)


def test_fifty_kills_during_ingest_lose_nothing_and_double_nothing(service: Service) -> None:
    chance = random.Random(20261128)  # noqa: S311 - the same instants in every run
    service.start()
    key = service.post("/generate_key", {"service": "shop"})
    clients = [Client(service, key, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()

    for _ in range(INSTANTS):
        time.sleep(chance.uniform(0.0, 0.25))
        service.end(is_killed=True)
        service.start()
    for client in clients:
        client.stopped.set()
    for client in clients:
        client.join(READY_SECONDS)
        assert not client.is_alive()
    time.sleep(2)  # times are merged
    service.end(is_killed=False)

    sent = sum(client.acknowledged for client in clients)
    assert sent > INSTANTS * BATCH
    of_shop = "WHERE service = 'shop'"
    assert service.query(f"SELECT sum(requests), sum(timed_requests) FROM request_by_day {of_shop}") == [(sent, sent)]  # noqa: S608 - text of this file
    assert service.query(f"SELECT sum(requests) FROM request_by_slot {of_shop}") == [(sent,)]  # noqa: S608 - as above
    assert service.query("SELECT count(*) FROM request_log") == [(sent,)]
    merged = service.query(f"SELECT duration_sketch FROM request_by_day {of_shop} AND method = '(all)'")  # noqa: S608 - as above
    waiting = service.query("SELECT count(*) FROM request_recent")[0][0]
    if not waiting:
        assert sum(sum(decoded(sketch).values()) for (sketch,) in merged) == sent
