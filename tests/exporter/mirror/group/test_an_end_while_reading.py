"""A service that ends while a group is being read leaves nothing open, and no lock behind."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest

from exporter.ledger.files import connect_to_write
from exporter.mirror.group.group_file import GroupFile
from exporter.mirror.group.hosts import GroupPendingError
from tests.exporter.mirror.group.test_groups import fleet, three

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.exporter.mirror.group.test_groups import Fleet

__all__ = ["fleet", "three"]
SECONDS = 10.0
CONNECT = "exporter.mirror.group.group_file.connect_to_write"
WORK: dict[str, Callable[..., Any]] = {"put_machines": GroupFile.put_machines, "finish": GroupFile.finish}


class SlowWork:
    """A function that waits for `go_on` in the thread that calls it; `is_reached` once it was called."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self._work = work
        self.is_reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        """The function's answer, a while later."""
        self.is_reached.set()
        assert self.go_on.wait(SECONDS)
        return self._work(*arguments, **more)


@pytest.mark.parametrize("where", [CONNECT, *WORK])
async def test_it_closes_its_file(three: Fleet, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    opened: list[sqlite3.Connection] = []

    def connect(path: Path) -> sqlite3.Connection:
        opened.append(connect_to_write(path))
        return opened[-1]

    slow = SlowWork(WORK.get(where, connect))
    monkeypatch.setattr(CONNECT, slow if where == CONNECT else connect)
    if where in WORK:
        monkeypatch.setattr(GroupFile, where, lambda *arguments: slow(*arguments))  # noqa: PLW0108 - binds the file
    groups = three.groups()
    with contextlib.suppress(GroupPendingError):
        await groups.group(("all",), 0)
    assert await asyncio.to_thread(slow.is_reached.wait, SECONDS)

    closing = asyncio.create_task(groups.close())
    await asyncio.sleep(0.05)
    slow.go_on.set()
    async with asyncio.timeout(SECONDS):
        await closing

    (connection,) = opened
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
