"""Readers of groups of machines: on the threads of the ledger's readers, with connections of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from exporter.mirror.group.kept_files import MOST_FILES
from exporter.mirror.group.own_rows import connect_to_group
from exporter.web.readers import ReaderThread
from reports.ledger.reader import ALL_POSTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from exporter.ledger.writing.poster import Poster
    from exporter.mirror.group.groups import Group
    from exporter.mirror.group.own_rows import OwnMachine
    from reports.ledger.reader import LedgerReader

Result = TypeVar("Result")


class GroupReaders:
    """Connections to the groups that were asked for last, of one thread."""

    def __init__(self, poster: Poster, thread: Executor) -> None:
        """None is open; `thread` is that of a reader of the ledger."""
        self._poster, self._thread = poster, thread
        self._open: dict[tuple[Path, OwnMachine | None], tuple[ReaderThread, int]] = {}

    async def ask(self, group: Group, question: Callable[[LedgerReader], Result]) -> Result:
        """The answer from a group, and from what this machine has not posted yet; raises sqlite3.Error."""
        name = (group.path, group.own)
        reading, read_at = self._open.pop(name) if name in self._open else (self._reader(group), group.read_at)
        if read_at != group.read_at:  # what was remembered of it has changed
            reading.is_replaced = True
        self._open[name] = (reading, group.read_at)
        while len(self._open) > MOST_FILES:
            former, _ = self._open.pop(next(iter(self._open)))
            await former.close()
        return await reading.ask(question)

    def replace(self) -> None:
        """Open each anew with its next question: the own ledger may be another file."""
        for reading, _ in self._open.values():
            reading.is_replaced = True

    async def close(self) -> None:
        """Close the connections."""
        for reading, _ in self._open.values():
            await reading.close()

    def _reader(self, group: Group) -> ReaderThread:
        own = group.own
        return ReaderThread(
            lambda: connect_to_group(group.path, own),
            self._poster,
            self._thread,
            {},
            lambda waiting: ALL_POSTED if own is None else own.unposted(waiting),
        )
