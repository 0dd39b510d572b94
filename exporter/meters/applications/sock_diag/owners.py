"""Which process holds a socket: /proc/PID/fd, comm and cmdline."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.interpreters import INTERPRETERS, first_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

_SHARE = 0.05
"""Of the time, for searches of all processes; one of 500 processes with 50 descriptors each takes 50 ms."""
_COMMAND_LINE_BYTES = 4096
_OPEN = os.O_RDONLY | os.O_CLOEXEC


class Process(NamedTuple):
    """A process as it is now: its name (not a thread's), and of an interpreter its first arguments."""

    pid: int
    command: str
    arguments: tuple[str, ...] = ()


class Holders(NamedTuple):
    """The process of each inode. What a complete search misses, no process holds that may be read."""

    processes: dict[int, Process]
    is_complete: bool


class SocketHolders:
    """Looks for the processes that hold sockets: in those that held some before and in new ones, then in all others."""

    def __init__(self, proc: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._proc, self._clock = proc, clock
        self._likely: set[int] = set()
        self._searched: set[int] = set()
        self._next_complete = clock()

    def find(self, inodes: Collection[int]) -> Holders:
        """The processes of inodes. A search of all processes waits for as long as it keeps to its share of the time."""
        missing = {f"socket:[{inode}]": inode for inode in inodes}
        if not missing:
            return Holders({}, is_complete=True)
        there = self._pids()
        first = (self._likely & there) | (there - self._searched)
        found = self._search(first, missing)
        is_complete = not missing
        began = self._clock()
        if missing and began >= self._next_complete:
            found |= self._search(there - first, missing)
            ended = self._clock()
            self._next_complete = ended + (ended - began) / _SHARE
            self._searched = there
            is_complete = True
        self._likely = (self._likely & there) | {process.pid for process in found.values()}
        return Holders(found, is_complete)

    def may_read_all(self) -> bool:
        """Whether the descriptors of other users' processes can be read."""
        try:
            next((self._proc / "1" / "fd").iterdir(), None)
        except OSError:
            return False
        return True

    def _pids(self) -> set[int]:
        names = os.listdir(self._proc)  # noqa: PTH208 - a path for each of a thousand names costs more than their list
        return {int(name) for name in names if name.isdecimal()}

    def _search(self, pids: Iterable[int], missing: dict[str, int]) -> dict[int, Process]:
        """Take from `missing` what these processes hold, the youngest process first."""
        found: dict[int, Process] = {}
        for pid in sorted(pids, reverse=True):
            if not missing:
                break
            found |= _held(self._proc / str(pid), pid, missing)
        return found


def _held(folder: Path, pid: int, missing: dict[str, int]) -> dict[int, Process]:
    """Take from `missing` what this process holds; nothing where it is gone or may not be read."""
    try:
        # an open folder stays this process', also when its number is given to another one
        descriptors = os.open(folder / "fd", _OPEN | os.O_DIRECTORY)
    except OSError:
        return {}
    try:
        inodes = [missing.pop(link) for link in _links(descriptors) if link in missing]
        if not inodes:
            return {}
        process = _process(descriptors, pid)
    except OSError:
        return {}
    finally:
        os.close(descriptors)
    return dict.fromkeys(inodes, process)


def _links(descriptors: int) -> Iterator[str]:
    # the newest descriptors are the likeliest
    for name in reversed(os.listdir(descriptors)):
        try:
            yield os.readlink(name, dir_fd=descriptors)
        except FileNotFoundError:
            continue


def _process(descriptors: int, pid: int) -> Process:
    command = _read(descriptors, "../comm").removesuffix(b"\n").decode("utf-8", "replace")
    if command not in INTERPRETERS:
        return Process(pid, command)
    words = first_arguments(_read(descriptors, "../cmdline"), INTERPRETERS[command])
    return Process(pid, command, tuple(word.decode("utf-8", "replace") for word in words if word))


def _read(folder: int, name: str) -> bytes:
    descriptor = os.open(name, _OPEN, dir_fd=folder)
    try:
        return os.read(descriptor, _COMMAND_LINE_BYTES)
    finally:
        os.close(descriptor)
