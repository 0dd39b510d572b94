"""The folder of groups beside a ledger: a file for each choice of machines that was asked for lately."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from exporter.mirror.group.hosts import HostList

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.mirror.group.hosts import HostChoice

MOST_FILES = 8
SUFFIX, HOSTS = ".db", "hosts.json"
PARTS = ("", "-wal", "-shm", "-journal")


class GroupFolder:
    """Its files; all of them can be made again from the mirror."""

    def __init__(self, ledger: Path) -> None:
        """The folder of a ledger."""
        self.path = ledger.with_name(ledger.name + ".hosts")

    def create(self) -> None:
        """Make it if it is not there, readable for this user alone, as a ledger's folder is; raises OSError."""
        self.path.mkdir(mode=0o700, exist_ok=True)

    def file(self, choice: HostChoice) -> Path:
        """The file of a choice."""
        return self.path / (choice.key + SUFFIX)

    def note_use(self, choice: HostChoice) -> None:
        """Note that a choice is asked for, and remove the files of those that were not for the longest time."""
        with contextlib.suppress(OSError):  # another user's, or one that is not made yet
            os.utime(self.file(choice))
        used = sorted(self.path.glob("*" + SUFFIX), key=_last_use, reverse=True)
        for path in used[MOST_FILES:]:
            for part in PARTS:
                with contextlib.suppress(OSError):  # an open one on Windows: the next time
                    path.with_name(path.name + part).unlink()

    def read_hosts(self) -> HostList:
        """The machines as they were last read; none before."""
        try:
            return msgspec.json.decode((self.path / HOSTS).read_bytes(), type=HostList)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError):
            return HostList()

    def write_hosts(self, hosts: HostList) -> None:
        """Keep the machines for when the mirror is away; raises OSError."""
        new = self.path / f"{HOSTS}.{os.getpid()}.new"
        new.write_bytes(msgspec.json.encode(hosts))
        new.replace(self.path / HOSTS)


def _last_use(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0
