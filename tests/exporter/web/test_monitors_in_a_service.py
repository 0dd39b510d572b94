"""Monitors through the whole service: a real server that flaps, REST, /metrics, and the end of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.monitors.settings import Monitor
from exporter.meters.requests.settings import Requests
from tests.exporter.meters.requests.monitors.certified import ANSWER, serving
from tests.exporter.web.running_service import RunningService, new_ledger, running

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from tests.worlds.fake_machine import Machine


@pytest.fixture
def service(machine: Machine, empty_ledger: Path, tmp_path: Path) -> RunningService:
    return RunningService(machine, new_ledger(empty_ledger, tmp_path))


async def test_a_server_that_flaps_is_seen_in_every_place(service: RunningService) -> None:
    state = {"is_well": False}

    async def flap(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWER if state["is_well"] else b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with serving(flap) as (port, _):
        url = f"http://127.0.0.1:{port}/health?key=secret"
        monitor = Monitor(name="site", url=url, misses=2, interval=86_400.0, allow_private=True)
        service.requests = Requests(own=False, monitors=(monitor,))
        async with running(service):
            parts = service.service._parts
            assert parts is not None
            watch = parts.monitors
            before = await service.get("/api/requests/monitors")
            assert watch._begun == {"site"}  # the service's own first check comes within the interval
            for is_well in (True, False, False):
                state["is_well"] = is_well
                await watch.check(monitor)
            service.pass_time()
            down = (await service.get("/api/requests/monitors"))["monitors"][0]
            page = (await service.ask("/metrics")).text
            state["is_well"] = True
            await watch.check(monitor)
            service.pass_time()
            up = (await service.get("/api/requests/monitors"))["monitors"][0]

    assert before["monitors"][0]["is_up"] is None
    assert (down["is_up"], down["reason"], down["status_code"], down["misses"]) == (False, "status 503", 503, 2)
    assert (down["checks_24h"], down["uptime_24h"]) == (3, 0.333333)
    assert "secret" not in str(down)
    assert 'netledger_monitor_up{monitor="site"} 0.0' in page
    assert 'netledger_monitor_misses{monitor="site"} 2.0' in page
    assert (up["is_up"], up["reason"], up["down_since"], up["checks_30d"]) == (True, None, None, 4)


async def test_without_monitors_there_is_no_thread_and_an_empty_answer(service: RunningService) -> None:
    async with running(service):
        assert await service.get("/api/requests/monitors") == {"monitors": []}
        parts = service.service._parts
        assert parts is not None
        assert (parts.monitors.checks(), parts.monitors._resolver) == ([], None)
