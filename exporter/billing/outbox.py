"""Thresholds that were crossed and notices that are pending, in the ledger's table `state`: they survive a crash."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from exporter.ledger.writing.state_rows import delete_state, delete_state_before, put_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor

    from exporter.ledger.writing.writer import Writer

DELIVERED = "delivered"
"""The way of a notice that was delivered, and of which the mirror is to say so."""

CROSSED, PENDING = "alert:", "tell:"
"""Prefixes of rows: when a threshold was crossed, and the message of a notice that was not taken yet."""

KEPT_SECONDS = 3 * 366 * 86_400
"""Two cycles of a year, the longest, and more: a threshold is crossed once a cycle."""


class Notice(NamedTuple):
    """A message, its way ("webhook", "command" or "delivered"), and the key of its threshold."""

    key: str
    way: str
    message: Mapping[str, object]

    @property
    def row(self) -> str:
        """Name of its row."""
        return f"{PENDING}{self.way}:{self.key}"


class OutboxState(NamedTuple):
    """Keys of the thresholds that earlier services crossed, and notices that are still to be delivered."""

    crossed: frozenset[str]
    pending: tuple[Notice, ...]


class Outbox:
    """Writes on the writer's thread; raises sqlite3.Error if the ledger cannot be written."""

    def __init__(self, *, writer: Writer, executor: Executor, now: Callable[[], int]) -> None:
        """`now` gives UTC seconds."""
        self._writer, self._executor, self._now = writer, executor, now

    async def add(self, key: str, notices: Sequence[Notice]) -> None:
        """Record a crossed threshold and its notices, in one transaction."""
        await self._on_writer(lambda: self._add(key, notices))

    async def remove(self, notice: Notice) -> None:
        """Remove a notice that was taken, or given up."""
        await self._on_writer(lambda: delete_state(self._writer.connection, notice.row))

    async def settle(self, notices: Sequence[Notice], delivered: Notice) -> None:
        """Remove delivered notices, and record that the mirror is to say so, in one transaction."""

        def work() -> None:
            put_state(self._writer.connection, [_row(delivered)])
            for notice in notices:
                delete_state(self._writer.connection, notice.row)

        await self._on_writer(lambda: self._writer.in_transaction(work))

    def _add(self, key: str, notices: Sequence[Notice]) -> None:
        now = self._now()
        rows = [(CROSSED + key, str(now))]
        rows += map(_row, notices)

        def work() -> None:
            put_state(self._writer.connection, rows)
            delete_state_before(self._writer.connection, CROSSED, now - KEPT_SECONDS)

        self._writer.in_transaction(work)

    async def _on_writer(self, work: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _row(notice: Notice) -> tuple[str, str]:
    return notice.row, msgspec.json.encode(notice.message).decode()


def outbox_state(state: Mapping[str, str]) -> OutboxState:
    """What the rows of the table `state` hold of an outbox."""
    crossed = frozenset(name.removeprefix(CROSSED) for name in state if name.startswith(CROSSED))
    pending = []
    for name, value in state.items():
        if name.startswith(PENDING):
            way, _, key = name.removeprefix(PENDING).partition(":")
            pending.append(Notice(key, way, msgspec.json.decode(value, type=dict[str, object])))
    return OutboxState(crossed, tuple(pending))
