"""The ledger's memory of thresholds: which were told, and what is still to be delivered to whom; survives a crash."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from exporter.ledger.writing.writer import Writer

NOTICED, WAITING = "alert:", "tell:"
"""Rows of the table state: when a threshold was noticed, and notices that nobody has taken yet."""

KEPT_SECONDS = 3 * 366 * 86_400
"""Longer than the longest cycle, in which a threshold must not be noticed again, and the one before it."""


class Notice(NamedTuple):
    """A message on one way ("webhook" or "command") to where a plan's settings say; `key` names its threshold."""

    key: str
    way: str
    message: Mapping[str, object]

    @property
    def row(self) -> str:
        """Its name among the rows that wait."""
        return f"{WAITING}{self.way}:{self.key}"


class DeliveredNotices(NamedTuple):
    """What an earlier service has left: keys of thresholds that were noticed, and notices still to be delivered."""

    keys: frozenset[str]
    waiting: tuple[Notice, ...]


class Outbox:
    """Writes on the writer's thread; raises sqlite3.Error where the ledger cannot be written."""

    def __init__(self, *, writer: Writer, executor: Executor, now: Callable[[], int]) -> None:
        """`now` gives UTC seconds."""
        self._writer, self._executor, self._now = writer, executor, now

    async def put(self, key: str, notices: Sequence[Notice]) -> None:
        """Note in one transaction that a threshold was noticed, and what is to be delivered because of it."""
        await self._on_writer(lambda: self._put(key, notices))

    async def take(self, notice: Notice) -> None:
        """Note that a notice was taken, or given up."""
        await self._on_writer(
            lambda: self._writer.connection.execute("DELETE FROM state WHERE name = ?", (notice.row,))
        )

    def _put(self, key: str, notices: Sequence[Notice]) -> None:
        now = self._now()
        rows = [(NOTICED + key, str(now))]
        rows += [(notice.row, msgspec.json.encode(notice.message).decode()) for notice in notices]

        def work() -> None:
            connection = self._writer.connection
            connection.executemany("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", rows)
            connection.execute(
                "DELETE FROM state WHERE name GLOB ? AND CAST(value AS INTEGER) < ?",
                (NOTICED + "*", now - KEPT_SECONDS),
            )

        self._writer.in_transaction(work)

    async def _on_writer(self, work: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, work)


def read_notices(state: Mapping[str, str]) -> DeliveredNotices:
    """Find them among all the facts of a ledger."""
    keys = frozenset(name.removeprefix(NOTICED) for name in state if name.startswith(NOTICED))
    waiting = []
    for name, value in state.items():
        if name.startswith(WAITING):
            way, _, key = name.removeprefix(WAITING).partition(":")
            waiting.append(Notice(key, way, msgspec.json.decode(value, type=dict[str, object])))
    return DeliveredNotices(keys, tuple(waiting))
