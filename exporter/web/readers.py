"""Threads that read the ledger: one for quick questions, one for long ones."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from reports.ledger.reader import LedgerReader
from reports.ledger.remembered_days import RememberedDays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exporter.ledger.writing.poster import Poster
    from reports.ledger.rows import Unposted

Result = TypeVar("Result")


class Readers(NamedTuple):
    """A thread for questions that take milliseconds, and one for those that read years."""

    quick: Executor
    patient: Executor

    @classmethod
    def start(cls) -> Readers:
        """Both executors; a thread starts with its first question."""
        return cls(*(ThreadPoolExecutor(1, thread_name_prefix=f"ledger-{name}") for name in cls._fields))

    def shutdown(self) -> None:
        """Wait for running questions, and end the threads."""
        for thread in self:
            thread.shutdown()


class ReaderThread:
    """A thread with its own connection to a ledger, opened by the first question.

    `is_replaced` is set when the ledger may be another file: the next question opens it anew.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        poster: Poster,
        thread: Executor,
        aliases: Mapping[str, str],
        waiting: Callable[[Unposted], Unposted] = lambda unposted: unposted,
    ) -> None:
        """Not connected yet; `aliases` are names of interfaces by their devices.

        `waiting` makes of what is unposted the rows that the connection's tables lack.
        """
        self._connect, self._poster, self.thread, self._aliases = connect, poster, thread, aliases
        self._waiting = waiting
        self._connection: sqlite3.Connection | None = None
        self._remembered = RememberedDays()
        self._is_asked = False
        self.is_replaced = False

    async def ask(self, question: Callable[[LedgerReader], Result]) -> Result:
        """The answer from the ledger and what is unposted, at one moment; raises sqlite3.Error."""
        unposted = self._waiting(self._poster.unposted())
        self._is_asked = True

        def answer() -> Result:
            if self.is_replaced:
                self.is_replaced = False
                self._disconnect()
            if self._connection is None:
                self._connection = self._connect()
            reader = LedgerReader(
                self._connection,
                fetch_unposted=lambda: unposted,
                remembered=self._remembered,
                aliases=self._aliases,
            )
            try:
                with reader.at_one_moment():
                    return question(reader)
            except sqlite3.Error:
                self._disconnect()
                raise
            finally:
                # A ledger that cannot be written may be open as immutable; it changes again once it can be written.
                if self._poster.health.problem:
                    self._disconnect()

        return await self.work(answer)

    async def work(self, work: Callable[[], Result]) -> Result:
        """The result of a function that runs on this thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    async def close(self) -> None:
        """Close the connection, also one that a question is opening now whose asker has gone."""
        if self._is_asked:
            await self.work(self._disconnect)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._remembered = RememberedDays()  # the next connection may read another file
