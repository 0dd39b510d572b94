"""SIGKILL at random instants while services report: no acknowledged request is lost, and none counts twice."""

from __future__ import annotations

import random
import threading
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from reports.ledger.sketches import decoded
from tests.end_to_end.killed_service import READY_SECONDS, KilledService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INSTANTS = 50
CLIENTS, BATCH = 3, 40


class Client(threading.Thread):
    """Sends one batch after the other, each until it is acknowledged."""

    def __init__(self, service: KilledService, key: str, number: int) -> None:
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
def service(tmp_path: Path) -> Iterator[KilledService]:
    made = KilledService(tmp_path)
    yield made
    made.end(is_killed=True)


def test_fifty_kills_during_ingest_lose_nothing_and_double_nothing(service: KilledService) -> None:
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
