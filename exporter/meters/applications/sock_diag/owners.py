"""Which process holds a socket: /proc/PID/fd, comm and cmdline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.interpreters import INTERPRETERS, first_arguments

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_COMMAND_LINE_BYTES = 4096
_OPEN = os.O_RDONLY | os.O_CLOEXEC


class Process(NamedTuple):
    """A process as it is now: its name (not a thread's), and of an interpreter its first arguments."""

    pid: int
    command: str
    arguments: tuple[str, ...] = ()


class SocketHolders:
    """Looks for the processes that hold sockets, in those first that held some before."""

    def __init__(self, proc: Path) -> None:
        self._proc = proc
        self._likely: dict[int, None] = {}

    def find(self, inodes: Collection[int]) -> dict[int, Process]:
        """The process of each inode; those that no process holds, or none that may be read, are missing."""
        missing = {f"socket:[{inode}]": inode for inode in inodes}
        found: dict[int, Process] = {}
        for pid in self._pids() if missing else ():
            found.update(_held(self._proc / str(pid), pid, missing))
            if not missing:
                break
        self._likely = dict.fromkeys(process.pid for process in found.values()) | self._likely
        return found

    def may_read_all(self) -> bool:
        """Whether the descriptors of other users' processes can be read."""
        try:
            next((self._proc / "1" / "fd").iterdir(), None)
        except OSError:
            return False
        return True

    def _pids(self) -> Iterator[int]:
        """All processes: those that held sockets, then the youngest first."""
        names = os.listdir(self._proc)  # noqa: PTH208 - a path for each of a thousand names costs more than their list
        there = {int(name) for name in names if name.isdecimal()}
        self._likely = {pid: None for pid in self._likely if pid in there}
        yield from tuple(self._likely)
        yield from sorted(there - self._likely.keys(), reverse=True)


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
