"""netledger counts the requests to itself: by the routes of its table, streams when they end, and nobody's address."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.settings import Requests
from tests.exporter.web.running_service import RunningService, new_ledger, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine


@pytest.fixture
async def own_service(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[RunningService]:
    """One that has a request meter and counts itself."""
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    made.requests = Requests()
    async with running(made):
        yield made


def _counted(service: RunningService) -> Counter[tuple[str, ...]]:
    with closing(sqlite3.connect(service.ledger.path)) as connection:
        query = "SELECT service, method, route, code, sum(requests) FROM request_by_slot GROUP BY 1, 2, 3, 4"
        return +Counter({tuple(key): requests for *key, requests in connection.execute(query)})


async def _post(service: RunningService) -> None:
    await service.ask("/api/commit", "POST")


async def test_each_request_is_counted_by_its_route_and_code(own_service: RunningService) -> None:
    for path in ["/metrics", "/metrics", "/api/today", "/assets/1/page.js", "/api/today?scope=nothing", "/nothing/123"]:
        await own_service.ask(path)
    await own_service.ask("/metrics", "HEAD")
    await own_service.ask("/metrics", "POST")
    await _post(own_service)

    assert _counted(own_service) == {
        ("netledger", "GET", "/metrics", "200"): 2,
        ("netledger", "GET", "/api/today", "200"): 1,
        ("netledger", "GET", "/assets/{version}/{name}", "200"): 1,
        ("netledger", "GET", "/api/today", "400"): 1,
        ("netledger", "GET", "(other)", "404"): 1,
        ("netledger", "HEAD", "/metrics", "200"): 1,
        ("netledger", "POST", "(other)", "405"): 1,
    }


async def test_times_and_bytes_are_those_of_the_answers(own_service: RunningService) -> None:
    told = await own_service.ask("/api/today")
    await _post(own_service)

    with closing(sqlite3.connect(own_service.ledger.path)) as connection:
        row = connection.execute(
            "SELECT sum(requests), sum(response_bytes), sum(duration_microseconds) > 0 FROM request_by_slot"
        ).fetchone()
        logged = connection.execute("SELECT count(*) FROM request_log").fetchone()
    assert row == (1, len(told.text.encode()), 1)
    assert logged == (0,)


async def test_a_stream_counts_when_it_ends(own_service: RunningService) -> None:
    async with own_service._client() as client, client.get("/api/live/stream") as response:
        await response.content.readline()
        await _post(own_service)
        assert not [key for key in _counted(own_service) if key[2] == "/api/live/stream"]

    # The service finds that the client is gone when it sends the next frame, a second later at most.
    ended: list[tuple[str, ...]] = []
    async with asyncio.timeout(20):
        while not ended:
            await asyncio.sleep(0.05)
            await _post(own_service)
            ended = [key for key in _counted(own_service) if key[2] == "/api/live/stream"]
    assert ended == [("netledger", "GET", "/api/live/stream", "200")]


async def test_the_setting_turns_it_off(machine: Machine, empty_ledger: Path, tmp_path: Path) -> None:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    async with running(made):
        await made.ask("/metrics")
        await _post(made)

        assert not _counted(made)
