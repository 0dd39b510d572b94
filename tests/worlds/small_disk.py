"""A file system of some megabytes, to be filled."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILLER = "filler"


class MountError(Exception):
    """Whoever tests may not mount: only root may, and root of namespaces of its own."""


class SmallDisk:
    """In memory, mounted on a new folder; what keeps that folder unmounts it if nothing else does."""

    def __init__(self, path: Path, megabytes: int) -> None:
        self.path = path
        path.mkdir()
        command = ("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "netledger-test", str(path))
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            path.rmdir()
            raise MountError(done.stderr.split("\n", 1)[0])

    def fill(self) -> None:
        """Let no byte be free."""
        with (self.path / FILLER).open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while file.write(os.urandom(size)) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        """Take away what fills it."""
        (self.path / FILLER).unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", str(self.path)], check=True)
        self.path.rmdir()
