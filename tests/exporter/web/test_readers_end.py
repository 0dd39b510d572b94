"""A reader of the ledger closes what it has opened, whoever waits for the answer."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from exporter.ledger.files import connect_to_read
from exporter.web.readers import ReaderThread
from reports.ledger.reader import ALL_POSTED

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 10.0
POSTER: Any = SimpleNamespace(unposted=lambda: ALL_POSTED, health=SimpleNamespace(problem=""))


async def test_a_connection_is_closed_though_its_asker_has_gone(empty_ledger: Path) -> None:
    opened: list[sqlite3.Connection] = []
    is_reached, go_on = threading.Event(), threading.Event()

    def connect() -> sqlite3.Connection:
        is_reached.set()
        assert go_on.wait(SECONDS)
        opened.append(connect_to_read(empty_ledger))
        return opened[-1]

    with ThreadPoolExecutor(1) as thread:
        reading = ReaderThread(connect, POSTER, thread, {})
        asker = asyncio.create_task(reading.ask(lambda ledger: ledger.zone))
        assert await asyncio.to_thread(is_reached.wait, SECONDS)
        asker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asker
        closing = asyncio.create_task(reading.close())
        await asyncio.sleep(0.05)
        go_on.set()
        await asyncio.wait_for(closing, SECONDS)

    (connection,) = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


async def test_one_that_nobody_asked_needs_no_thread() -> None:
    reading = ReaderThread(cast("Any", None), POSTER, cast("Any", None), {})

    await reading.close()
