"""Questions to the ledger run on threads: those that take long on one of their own, so that no other waits for them."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from exporter.ledger.files import connect_to_read
from reports.ledger.reader import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exporter.ledger.writing.poster import Poster

Result = TypeVar("Result")


class Readers(NamedTuple):
    """One thread for questions that take milliseconds, one for those that may take longer."""

    quick: Executor
    patient: Executor

    @classmethod
    def start(cls) -> Readers:
        """Make both; a thread runs from its first question on."""
        return cls(*(ThreadPoolExecutor(1, thread_name_prefix=f"ledger-{name}") for name in cls._fields))

    def shutdown(self) -> None:
        """Wait for what they do, and end them."""
        for thread in self:
            thread.shutdown()


class Reading:
    """One thread's view of the ledger: its connection is made with the first question.

    `is_replaced` is set where the ledger may be another file from now on.
    """

    def __init__(self, ledger: Path, poster: Poster, thread: Executor) -> None:
        """Nothing is open."""
        self._ledger, self._poster, self.thread = ledger, poster, thread
        self._connection: sqlite3.Connection | None = None
        self.is_replaced = False

    async def ask(self, question: Callable[[LedgerReader], Result]) -> Result:
        """Put a question to the ledger and what waits to be posted, at one moment; raises sqlite3.Error."""
        unposted = self._poster.unposted()

        def answer() -> Result:
            if self.is_replaced:
                self.is_replaced = False
                self._let_go()
            if self._connection is None:
                self._connection = connect_to_read(self._ledger)
            reader = LedgerReader(self._connection, fetch_unposted=lambda: unposted)
            try:
                with reader.at_one_moment():
                    return question(reader)
            except sqlite3.Error:
                self._let_go()
                raise
            finally:
                # A ledger that cannot be written may have been opened as a file that never changes; but it will.
                if self._poster.health.problem:
                    self._let_go()

        return await self.work(answer)

    async def work(self, work: Callable[[], Result]) -> Result:
        """Do something on this thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    async def close(self) -> None:
        """Let go of the ledger."""
        if self._connection is not None:
            await self.work(self._let_go)

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
