"""Groups of machines, kept up to date while they are asked for: read in the background, never waited for in a page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from exporter.mirror.group.filling import Filling, read_hosts
from exporter.mirror.group.group_file import GroupFile, group_state
from exporter.mirror.group.hosts import (
    ALL,
    GroupPendingError,
    HostChoice,
    HostList,
    MirrorAwayError,
    chosen,
    hosts_label,
    labels_of,
)
from exporter.mirror.group.kept_files import MOST_FILES, GroupFolder
from exporter.mirror.group.own_rows import OwnMachine, own_machine
from exporter.mirror.group.size import read_size
from reports.calendar.days import day_number, day_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path
    from threading import Event
    from typing import Any, TypeAlias
    from zoneinfo import ZoneInfo

    from asyncpg import Connection as AnyConnection

    from exporter.mirror.group.hosts import MirrorHost
    from exporter.mirror.group.size import MirrorSize
    from reports.ledger.host import Host

    Connection: TypeAlias = AnyConnection[Any]

log = logging.getLogger(__name__)

FIRST_SECONDS = 2.0
"""The first question for a choice of machines waits so long for its rows."""

READY_SECONDS = 60.0
"""A server that hangs is asked after this long, whatever the service knows of its tables."""

AGAIN_SECONDS = 15.0
"""After a reading that failed, the next question from then on has it tried again."""

SIZE, SIZE_SECONDS = "size", 600.0
"""Counting a mirror's rows reads all of them."""


Member = tuple[str, int | None]
"""A machine's name, and the time of its newest data (UTC seconds); None for now."""


class Group(NamedTuple):
    """A group's file, its name for people, and its own machine (None: not one of it).

    `members` are the names of its machines, each with the time of its newest data, None for now; `read_at` is when the
    mirror was read. Times are UTC seconds.
    """

    path: Path
    label: str
    own: OwnMachine | None
    members: tuple[Member, ...]
    read_at: int


class MirrorAccess(NamedTuple):
    """How to read a mirror: its schema, and what opens a connection and puts an error into a sentence.

    `may_be_read` is set once the service has seen to its tables; None where no service does.
    """

    schema: str
    connect: Callable[[], Awaitable[Connection]]
    words: Callable[[BaseException], str] = str
    may_be_read: Event | None = None


class Groups:
    """The groups of one ledger's machine; one connection to the mirror at a time."""

    def __init__(
        self,
        *,
        ledger: Path,
        own: Host,
        zone: Callable[[], ZoneInfo],
        now: Callable[[], float],
        mirror: MirrorAccess,
        interval: float,
    ) -> None:
        """Nothing is read yet; `interval` seconds lie between two readings of a group, at least."""
        self._ledger, self._own, self._zone, self._now = ledger, own, zone, now
        self._mirror, self._interval = mirror, interval
        self._folder = GroupFolder(ledger)
        self._hosts: HostList | None = None
        self._labels: tuple[HostList | None, dict[str, str]] = (None, {})
        self._kept_members: tuple[HostList | None, dict[str, tuple[Member, ...]]] = (None, {})
        self._turn = asyncio.Lock()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._due: dict[str, float] = {}
        self._size: MirrorSize | None = None
        self.problem = ""
        """Why the mirror could not be read the last time; empty if it could."""

    @property
    def labels(self) -> dict[str, str]:
        """The name of each machine, by id; this one is among them even before it has sent anything."""
        known = self._known()
        if known is not self._labels[0]:
            others = [(host.id, host.name) for host in known.hosts if host.id != self._own.id]
            self._labels = (known, labels_of([(self._own.id, self._own.name), *others]))
        return self._labels[1]

    @property
    def own_names(self) -> frozenset[str]:
        """The words by which a question may mean this machine: its id, and its name."""
        return frozenset((self._own.id, self.labels[self._own.id]))

    async def hosts(self, wait: float | None = FIRST_SECONDS) -> HostList:
        """All machines as they were last read; raises MirrorAwayError and GroupPendingError where they never were."""
        await self._refreshed(HostChoice(()), wait, lambda: bool(self._known().read_at))
        if not self._known().read_at:
            raise MirrorAwayError(self.problem or "the mirror has not been read")
        return self._known()

    async def group(self, names: Sequence[str], wait: float | None = FIRST_SECONDS) -> Group:
        """The group of these names, as it was last read; `wait` seconds for its first reading (None: until its end).

        Raises UnknownHostError, MirrorAwayError and GroupPendingError.
        """
        if ALL not in names and not set(names) <= {*self.labels, *self.labels.values()}:
            await self._refreshed(HostChoice(()), wait, lambda: False)
        choice = chosen(names, self.labels)
        path = self._folder.file(choice)
        await asyncio.to_thread(self._folder.note_use, choice)
        former = await asyncio.to_thread(group_state, path)
        if former is not None and wait is None and 0 <= self._now() - former.read_at < self._interval:
            self._due.setdefault(choice.key, asyncio.get_running_loop().time() + self._interval)  # by another process
        await self._refreshed(choice, wait, lambda: former is not None)
        state = await asyncio.to_thread(group_state, path)
        if state is None:
            raise MirrorAwayError(self.problem or "the mirror has not been read")
        device = state.own_device
        own = None if device is None else await asyncio.to_thread(own_machine, self._ledger, device)
        members = self._members(choice)
        label = hosts_label([ALL] if choice.ids is None else [name for name, _ in members])
        return Group(path, label, own, members, state.read_at)

    async def size(self) -> MirrorSize | None:
        """How large the mirror is, as of the last minutes; None where that is not known."""
        with contextlib.suppress(GroupPendingError):
            is_known = lambda: self._size is not None  # noqa: E731
            await self._read_when_due(SIZE, self._read_size, SIZE_SECONDS, FIRST_SECONDS, is_known)
        return self._size

    async def ready(self) -> Group | None:
        """All machines as they were last read, without waiting; None where they never were."""
        try:
            return await self.group((ALL,), 0)
        except (GroupPendingError, MirrorAwayError):
            return None

    def _members(self, choice: HostChoice) -> tuple[Member, ...]:
        """Kept until the machines are read again: there may be ten thousand."""
        known, found = self._known(), self._kept_members
        if found[0] is not known or len(found[1]) > MOST_FILES:
            found = self._kept_members = (known, {})
        if choice.key not in found[1]:
            own, labels = self._own.id, self.labels
            others = (host for host in known.hosts if host.id != own and choice.has(host.id))
            first: list[Member] = [(labels[own], None)] if choice.has(own) else []
            found[1][choice.key] = (*first, *((labels[host.id], host.sent_at) for host in others))
        return found[1][choice.key]

    def adopt_identity(self, ledger_id: str) -> None:
        """The own ledger has another id from now on; what is kept is read anew by the next questions."""
        self._own = self._own._replace(id=ledger_id)
        self._due.clear()
        self._labels, self._kept_members = (None, {}), (None, {})

    async def close(self) -> None:
        """End what is being read."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _known(self) -> HostList:
        if self._hosts is None:
            self._hosts = self._folder.read_hosts()
        return self._hosts

    async def _refreshed(self, choice: HostChoice, wait: float | None, is_there: Callable[[], bool]) -> None:
        await self._read_when_due(choice.key, partial(self._fill, choice), self._interval, wait, is_there)

    async def _read_when_due(
        self,
        key: str,
        read: Callable[[Connection], Awaitable[None]],
        interval: float,
        wait: float | None,
        is_there: Callable[[], bool],
    ) -> None:
        """Have something read where that is due, and wait for it where nothing of it is there, or a command may."""
        running, now = self._tasks.get(key), asyncio.get_running_loop().time()
        if running is None and now >= self._due.get(key, now):
            self._due[key] = now + interval
            running = self._tasks[key] = asyncio.create_task(self._read(key, read))
            running.add_done_callback(lambda _: self._tasks.pop(key, None))
        if is_there() and wait is not None:
            return
        if running is not None:
            await asyncio.wait({running}, timeout=wait)
            if not running.done():
                raise GroupPendingError

    async def _read(self, key: str, read: Callable[[Connection], Awaitable[None]]) -> None:
        try:
            if self._mirror.may_be_read is not None and not self._mirror.may_be_read.is_set():
                await asyncio.to_thread(self._mirror.may_be_read.wait, READY_SECONDS)
            async with self._turn:
                await asyncio.to_thread(self._folder.create)
                connection = await self._mirror.connect()
                try:
                    await read(connection)
                finally:
                    with contextlib.suppress(Exception):
                        await connection.close(timeout=FIRST_SECONDS)
            self.problem = ""
        except Exception as error:  # noqa: BLE001 - the outermost loop of a task; asyncpg has forty kinds of errors
            again = asyncio.get_running_loop().time() + AGAIN_SECONDS
            self._due[key] = min(self._due.get(key, again), again)
            self._note(error)

    def _note(self, error: BaseException) -> None:
        problem = self._mirror.words(error) or repr(error)
        if problem != self.problem:
            log.warning("the mirror cannot be read: %s", problem)
        self.problem = problem

    async def _fill(self, choice: HostChoice, connection: Connection) -> None:
        now, zone = int(self._now()), self._zone()
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found = await read_hosts(connection, self._mirror.schema, day_number(day_of(now, zone)))
            self._hosts = HostList(found, now)
            await asyncio.to_thread(self._folder.write_hosts, self._hosts)
            if choice.ids != ():
                await self._fill_file(connection, choice, found, now)

    async def _read_size(self, connection: Connection) -> None:
        async with connection.transaction(readonly=True):
            self._size = await read_size(connection, self._mirror.schema)

    async def _fill_file(
        self, connection: Connection, choice: HostChoice, found: Sequence[MirrorHost], now: int
    ) -> None:
        path, own = self._folder.file(choice), self._own.id if choice.has(self._own.id) else None
        file, thread = GroupFile(path, self._zone()), ThreadPoolExecutor(1, "group")
        try:
            members = [host for host in found if choice.has(host.id)]
            await Filling(connection, self._mirror.schema, file, thread, now).run(members, self.labels, own)
        finally:  # behind what the thread still does for a reading that was cancelled
            await asyncio.get_running_loop().run_in_executor(thread, file.close)
            thread.shutdown(wait=False)
