"""A folder for servers that a test starts: in every ending, kill -9 of the tests too, they end and it goes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

SECONDS = 30

KEEPER = """
import os, shutil, signal, subprocess, sys, time

folder = sys.argv[1]

def speaks_of_the_folder(process):
    try:
        if os.readlink(f"/proc/{process}/cwd").startswith(folder):
            return True
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return os.fsencode(folder) in file.read()
    except OSError:
        return False

sys.stdin.buffer.read()
for _ in range(500):
    processes = [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) != os.getpid()]
    found = [process for process in processes if speaks_of_the_folder(process)]
    for process in found:
        try:
            os.kill(process, signal.SIGKILL)
        except OSError:
            pass
    with open("/proc/self/mountinfo") as file:
        mounts = [line.split()[4] for line in file]
    for mount in mounts:
        if mount.startswith(folder):
            subprocess.run(["umount", "--lazy", mount], capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)
    if not found and not os.path.exists(folder):
        break
    time.sleep(0.01)
"""
"""Waits for the end of what started it, which closes its input; kills what speaks of the folder, and removes it."""


class KeptFolder:
    """A folder whose path is short enough for sockets, and the keeper that cleans up."""

    def __init__(self, name: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"netledger-{name}-"))
        # A session of its own: Ctrl-C ends the tests, and the keeper after them.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", KEEPER, str(self.path)], stdin=subprocess.PIPE, start_new_session=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the keeper end all that runs in the folder, and remove it."""
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(SECONDS)
        assert not self.path.exists()
