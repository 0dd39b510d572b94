"""A service that is killed while it tells of a threshold: the next one tells it, and no third one does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ROOT = Path(__file__).parents[3]
SETTINGS = """
server: {{port: 0}}
interfaces: {{include: [lo]}}
ledger: {{path: {ledger}, timezone: UTC, backups: 0}}
plans:
  - name: home
    interfaces: [lo]
    cap: 1 MB
    alert_at: [100]
    notify:
      webhook: {webhook}
      command: [{python}, -S, -c, "import sys; open(sys.argv[1], 'a').write('x')", {runs}]
"""


class Receiver:
    """A web address that takes nothing until it `is_open`."""

    def __init__(self) -> None:
        self.is_open, self.url = False, ""
        self.refused: list[Any] = []
        self.taken: list[Any] = []

    async def take(self, request: web.Request) -> web.Response:
        (self.taken if self.is_open else self.refused).append(await request.json())
        return web.Response(status=204 if self.is_open else 503)


@asynccontextmanager
async def listening() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def service(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`netledger run`, killed if it still runs when the test is done with it."""
    command = (sys.executable, "-m", "exporter", "--config", str(config), "run")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def until(is_done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_done():  # noqa: ASYNC110 - what is waited for is another process
            await asyncio.sleep(0.02)


@pytest.fixture
def used_up(tmp_path: Path, empty_ledger: Path) -> WrittenLedger:
    """A ledger in which loopback has moved 2 MB in this quarter hour."""
    ledger, now = WrittenLedger(tmp_path, empty_ledger, ZoneInfo("UTC")), int(time.time())
    ledger.write({now // 900 * 900: (2_000_000, 0)}, device="lo", seen=now - 1)
    return ledger


def waiting(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM state WHERE name GLOB 'tell:*'")]


@pytest.mark.skipif(sys.platform != "linux", reason="loopback is called lo")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_a_service_that_ends_between_attempts_leaves_its_notice_to_the_next(
    used_up: WrittenLedger, tmp_path: Path, end: signal.Signals
) -> None:
    config, runs = tmp_path / "netledger.yaml", tmp_path / "runs"
    async with listening() as receiver:
        config.write_text(
            SETTINGS.format(ledger=used_up.path, webhook=receiver.url, python=sys.executable, runs=runs),
            encoding="utf-8",
        )
        async with service(config) as first:
            await until(lambda: bool(receiver.refused) and runs.exists() and len(waiting(used_up.path)) == 1)
            os.kill(first.pid, end)
            await first.wait()
        receiver.is_open = True
        async with service(config) as second:
            await until(lambda: bool(receiver.taken) and not waiting(used_up.path))
            second.terminate()
            await second.wait()
        async with service(config) as third:
            await asyncio.sleep(1.5)
            third.terminate()
            await third.wait()

    assert len(receiver.taken) == 1
    assert receiver.taken[0] == receiver.refused[0]
    assert json.dumps(receiver.taken[0]["threshold_percent"]) == "100"
    assert runs.read_text(encoding="utf-8") == "x"
