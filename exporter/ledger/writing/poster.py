"""Posts to the ledger from the event loop: one posting at a time, tried again until it is in."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.reader import Unposted, UnpostedRow
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from concurrent.futures import Executor

    from exporter.ledger.writing.writer import Writer
    from exporter.metering.journal import Journal
    from exporter.metering.postings import Posting, Usage
    from exporter.metering.subjects import Subject

log = logging.getLogger(__name__)

COMMIT_BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Upper bounds (seconds) of the histogram of commit times: a good disk, an SD card, a disk in trouble."""


class CommitHealth(NamedTuple):
    """How posting goes: why the last attempt failed ("" if it did not), and figures since the service started."""

    problem: str = ""
    last_commit: float = 0.0
    failures: int = 0
    commits: int = 0
    seconds: float = 0.0
    buckets: tuple[int, ...] = (0,) * len(COMMIT_BUCKETS)


class Poster:
    """Hands postings to the writer's thread. While one is on its way or refused, the journal goes on collecting."""

    def __init__(
        self,
        *,
        writer: Writer,
        executor: Executor,
        journal: Journal,
        take: Callable[[Collection[str] | None], Posting | None],
        is_counted: Callable[[Subject], bool],
        on_damage: Callable[[str], None],
        posted: int = 0,
        problem: str = "",
    ) -> None:
        """`take` gives the next posting, of these meters or of all.

        `on_damage` is called with the reason when the file is broken or gone. `posted` is the number of the last
        posting in the ledger, `problem` why it cannot be written to begin with.
        """
        self._writer, self._executor, self._journal = writer, executor, journal
        self._take, self._is_counted, self._on_damage = take, is_counted, on_damage
        self._waiting: Posting | None = None
        self._number = posted
        self._turn = asyncio.Lock()
        self._has_moved_days = False
        self.health = CommitHealth(problem)
        self.on_posted: Callable[[], object] = bool
        """Called when a posting is in the ledger."""

    async def post(self, only: Collection[str] | None = None) -> bool:
        """Commit what is counted, of these meters or of all; True if it is in the ledger.

        A failure is kept in `health`.
        """
        async with self._turn:
            if self._waiting is not None and not await self._commit(self._waiting):
                return False
            posting = self._take(only)
            if posting is None:
                return True
            self._waiting, self._number = posting, posting.number
            return await self._commit(posting)

    def unposted(self) -> Unposted:
        """Rows that are counted and not in the ledger, each with the number of the posting that will hold it."""
        slots: list[UnpostedRow] = []
        minutes: list[UnpostedRow] = []
        if self._waiting is not None:
            slots.extend(self._rows(self._waiting.slots, self._number))
            minutes.extend(self._rows(self._waiting.minutes, self._number))
        upcoming = self._number + 1
        slots.extend(self._rows(self._journal.slots, upcoming))
        minutes.extend(self._rows(self._journal.minutes, upcoming))
        return Unposted(slots, minutes)

    @property
    def unposted_bytes(self) -> int:
        """Bytes of all interfaces that are counted in memory and not in the ledger yet."""
        waiting = {} if self._waiting is None else self._waiting.slots
        rows = (*waiting.items(), *self._journal.slots.items())
        counted = (usage.amounts for (_, subject), usage in rows if subject.meter == INTERFACE.name)
        return sum(sum(INTERFACE.bytes_in(amounts)) for amounts in counted)

    def take_moved_days(self) -> bool:
        """True if a posting may have moved days in the ledger since the last call."""
        has_moved, self._has_moved_days = self._has_moved_days, False
        return has_moved

    async def close(self) -> None:
        """Copy the log into the ledger and close it."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._writer.close)

    async def _commit(self, posting: Posting) -> bool:
        loop = asyncio.get_running_loop()
        try:
            seconds = await loop.run_in_executor(self._executor, self._writer.post, posting)
        except Exception as error:  # noqa: BLE001 - whatever it was, the commit failed, and is tried again
            self._failed(str(error) or type(error).__name__)
            if await loop.run_in_executor(self._executor, self._writer.is_lost_by, error):
                self._on_damage(str(error))
            return False
        self._waiting = None
        self._has_moved_days |= bool(posting.changes)
        self.on_posted()
        self._succeeded(seconds)
        return True

    def _failed(self, reason: str) -> None:
        if reason != self.health.problem:
            log.error(
                "the ledger cannot be written (%s): counting goes on in memory, and is posted when it can",
                reason,
            )
        self.health = self.health._replace(problem=reason, failures=self.health.failures + 1)

    def _succeeded(self, seconds: float) -> None:
        held = self.health
        if held.problem:
            log.warning("the ledger can be written again: everything counted meanwhile is posted")
        buckets = tuple(count + (seconds <= bound) for count, bound in zip(held.buckets, COMMIT_BUCKETS, strict=True))
        self.health = CommitHealth("", time.time(), held.failures, held.commits + 1, held.seconds + seconds, buckets)

    def _rows(self, rows: Mapping[tuple[int, Subject], Usage], number: int) -> Iterator[UnpostedRow]:
        for (started, subject), usage in rows.items():
            yield UnpostedRow(number, subject.meter, subject.key, self._is_counted(subject), started, *usage)
