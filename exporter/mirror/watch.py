"""Keeps the mirror up to the ledger, in a thread of its own with its own event loop: nothing else waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from random import SystemRandom
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.ledger.files import connect_to_read
from exporter.ledger.writing.touched import ALWAYS, NEVER
from exporter.mirror.creating import complete
from exporter.mirror.faults import fault_of
from exporter.mirror.health import MirrorHealth
from exporter.mirror.sending import Sender

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from exporter.ledger.writing.touched import Touched
    from exporter.mirror.faults import Fault
    from exporter.mirror.sending import MirrorSource

log = logging.getLogger(__name__)

FIRST_SECONDS, MOST_SECONDS = 1.0, 300.0
"""From a fault to the next attempt: doubled each time, up to five minutes, and less by a random part of it."""

KEPT_SECONDS = 300.0
"""A connection is kept from round to round where rounds come more often than this: longer, a database may sleep."""

CLOSE_SECONDS = 5.0


class Mirrored(NamedTuple):
    """What a watch mirrors, and where to: `connect` opens a connection of asyncpg's, `touched` is the writer's.

    `put_state` writes rows of the ledger's table `state`, or deletes them (None), on the writer's thread. `server` is
    the address as it may be shown.
    """

    ledger: Path
    server: str
    source: MirrorSource
    schema: str
    interval: float
    connect: Callable[[], Awaitable[Any]]
    touched: Touched
    put_state: Callable[[Mapping[str, str | None]], Future[None]]


class MirrorWatch:
    """Sends round by round from `start` to `close`; `health` says how it goes."""

    def __init__(self, mirrored: Mirrored) -> None:
        """Nothing is connected before `start`."""
        self.health = MirrorHealth(interval=mirrored.interval)
        self.server, self.schema = mirrored.server, mirrored.schema
        self.may_be_read = threading.Event()
        """Set once the mirror's tables were seen or made, or could not be: before, there may be nothing to read."""
        self._mirrored = mirrored
        self._sender = Sender(mirrored.source, mirrored.schema, self._put_state)
        self._since, self._failures = ALWAYS, 0
        self._connection: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)
        self._task: asyncio.Task[None] | None = None
        self._is_due = asyncio.Event()

    def start(self) -> None:
        """Begin with the first round, a few seconds from now."""
        self._thread.start()

    def hurry(self) -> None:
        """Begin the next round now: what kept the last one from its end may be settled."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._is_due.set)

    def close(self) -> None:
        """End the round under way: what it has not committed is sent after the next start."""
        self.may_be_read.set()
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join(CLOSE_SECONDS)

    async def round(self) -> None:
        """One round; a fault is kept in `health`, and no exception gets out."""
        since = min(self._since, self._mirrored.touched.take())
        self._since = since
        try:
            await self._send(since)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is told, and tried again
            self._fail(fault_of(error), since)
            self._drop()

    async def _send(self, since: int) -> None:
        mirrored = self._mirrored
        if self._connection is None or self._connection.is_closed():
            self._connection = await mirrored.connect()
            made = await complete(self._connection, mirrored.schema)
            self.may_be_read.set()
            if made:
                log.info("the mirror's tables were made: %s", ", ".join(made))
        with contextlib.closing(connect_to_read(mirrored.ledger)) as ledger:
            sent = await self._sender.round(self._connection, ledger, since)
        self._since = NEVER
        if self._failures:
            log.info("the mirror is reached again: %d rows were sent", sent.rows)
        self._failures = 0
        held = self.health
        self.health = MirrorHealth(
            is_up=True,
            last_success=time.time(),
            current_to=sent.current_to or held.current_to,
            rows_sent=held.rows_sent + sent.rows,
            interval=held.interval,
        )
        if mirrored.interval >= KEPT_SECONDS:
            await self._hang_up()

    def _fail(self, fault: Fault, since: int) -> None:
        self._failures += 1
        self.may_be_read.set()
        if fault.text != self.health.text:
            log.warning("the mirror is behind: %s", fault.text)
        self.health = self.health._replace(
            is_up=False, kind=fault.kind, text=fault.text, rows_behind=self._rows_behind(since)
        )

    def _rows_behind(self, since: int) -> int:
        try:
            with contextlib.closing(connect_to_read(self._mirrored.ledger)) as ledger:
                return self._sender.rows_behind(ledger, since)
        except sqlite3.Error:
            return self.health.rows_behind

    def _pause(self) -> float:
        """Seconds to the next round: so many that machines which were started together do not stay so."""
        if not self._failures:
            return self._mirrored.interval * SystemRandom().uniform(0.9, 1.1)
        longest: float = min(FIRST_SECONDS * 2 ** min(self._failures - 1, 20), MOST_SECONDS)
        return longest * SystemRandom().uniform(0.5, 1.0)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._go_on())
        with contextlib.suppress(asyncio.CancelledError), contextlib.closing(self._loop):
            self._loop.run_until_complete(self._task)

    async def _go_on(self) -> None:
        try:
            await asyncio.sleep(SystemRandom().uniform(0.0, FIRST_SECONDS))
            while True:
                self._is_due.clear()
                await self.round()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._is_due.wait(), self._pause())
        finally:
            self._drop()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close(timeout=CLOSE_SECONDS)

    def _drop(self) -> None:
        """Let go of a connection without a word to a server that may not answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _put_state(self, states: Mapping[str, str | None]) -> None:
        await asyncio.wrap_future(self._mirrored.put_state(states))
