"""Adopts sockets that are older than the programs: their owners are written into them from outside."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.ebpf import syscalls
from exporter.meters.applications.ebpf.loading import ARGUMENTS, OWNERS, namespace_of
from exporter.meters.applications.ebpf.syscalls import BpfError
from exporter.meters.applications.interpreters import ARGUMENT_BYTES, INTERPRETERS, MOST_ARGUMENTS, first_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.meters.applications.ebpf.loading import LoadedPrograms

PIDFD_GETFD = 438
"""The same number on every machine."""

OWNER = struct.Struct("<40x16sQQIIQII")
"""One owner, whose turn is the first."""
SO_DOMAIN = 39
_libc = ctypes.CDLL(None, use_errno=True)


class Adoption(NamedTuple):
    """How many sockets got an owner, how many processes could not be looked into, and whether all were."""

    sockets: int
    refused: int
    is_complete: bool


class _Process(NamedTuple):
    command: bytes
    cgroup: int
    pid: int
    arguments: int


class Adopter:
    """Goes through the processes once, in as many turns as it is given time for."""

    def __init__(self, loaded: LoadedPrograms, cgroup_root: Path, proc: Path = Path("/proc")) -> None:
        """`cgroup_root` is where cgroup 2 is mounted."""
        self._loaded, self._root, self._proc = loaded, cgroup_root, proc
        self._remaining = self._processes()
        self._sockets = self._refused = 0

    def adopt(self, seconds: float) -> Adoption:
        """Adopt what can be adopted in so many seconds."""
        end = time.monotonic() + seconds
        for pid in self._remaining:
            try:
                self._sockets += self._adopt_of(pid)
            except PermissionError:
                self._refused += 1
            except (OSError, ValueError):  # it has ended
                continue
            if time.monotonic() > end:
                return Adoption(self._sockets, self._refused, is_complete=False)
        return Adoption(self._sockets, self._refused, is_complete=True)

    def _processes(self) -> Iterator[int]:
        yield from sorted(int(entry.name) for entry in os.scandir(self._proc) if entry.name.isdigit())

    def _adopt_of(self, pid: int) -> int:
        folder = self._proc / str(pid)
        held = (folder / "fd").iterdir()
        descriptors = [int(each.name) for each in held if str(each.readlink()).startswith("socket:")]
        if not descriptors:
            return 0
        owner = self._describe(pid, folder)
        process = os.pidfd_open(pid)
        try:
            return sum(self._adopt_socket(process, number, owner) for number in descriptors)
        finally:
            os.close(process)

    def _adopt_socket(self, process: int, number: int, owner: _Process) -> bool:
        descriptor: int = _libc.syscall(PIDFD_GETFD, process, number, 0)
        if descriptor < 0:
            if ctypes.get_errno() == 1:
                raise PermissionError(1, "pidfd_getfd")
            return False
        with socket.socket(fileno=descriptor) as held:
            if held.getsockopt(socket.SOL_SOCKET, SO_DOMAIN) not in {socket.AF_INET, socket.AF_INET6}:
                return False
            value = OWNER.pack(owner.command, owner.cgroup, namespace_of(held), owner.pid, owner.arguments, 0, 1, 0)
            with contextlib.suppress(BpfError):  # it has an owner since the programs run
                key = struct.pack("<i", descriptor)
                syscalls.update(self._loaded.maps[OWNERS].descriptor, key, value, syscalls.NO_EXIST)
                return True
        return False

    def _describe(self, pid: int, folder: Path) -> _Process:
        command = (folder / "comm").read_bytes().rstrip(b"\n")[:15]
        arguments = 0
        if not self._loaded.knowledge.names:
            command = b""
        elif (name := command.decode("ascii", "replace")) in INTERPRETERS:
            arguments = self._remember((folder / "cmdline").read_bytes(), INTERPRETERS[name])
        return _Process(command, self._cgroup_of(folder), pid, arguments)

    def _cgroup_of(self, folder: Path) -> int:
        lines = (folder / "cgroup").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        for line in lines:
            if line.startswith("0::"):
                with contextlib.suppress(OSError):
                    return (self._root / line[3:].lstrip("/")).stat().st_ino
        return 0

    def _remember(self, line: bytes, further: int) -> int:
        """As the kernel's program does: a hash of the first words, and the words under it."""
        hashed, words = first_words(line, further)
        with contextlib.suppress(BpfError):
            syscalls.update(self._loaded.maps[ARGUMENTS].descriptor, struct.pack("<I", hashed), words)
        return hashed


def first_words(line: bytes, further: int = 0) -> tuple[int, bytes]:
    """A hash (FNV-1a, odd) of the arguments that name an interpreter's application; and these, 64 bytes each."""
    words = b"".join(word.ljust(ARGUMENT_BYTES, b"\0") for word in first_arguments(line, further))
    words = words.ljust(MOST_ARGUMENTS * ARGUMENT_BYTES, b"\0")
    hashed = 14695981039346656037
    for (word,) in struct.iter_unpack("<Q", words):
        hashed = (hashed ^ word) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    return hashed >> 32 | 1, words
