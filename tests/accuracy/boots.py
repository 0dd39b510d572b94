"""A boot of a machine: what runs in it sees this boot's id and start, which a real reboot would have changed.

Run as a program, it takes a folder and a command, lays the folder's files over /proc in a mount namespace of its own,
and becomes the command.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STATISTICS = Path("/proc/stat")


class Boot:
    """One boot, begun now; `prefix` comes before a command that shall run in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / BOOT_ID.name).write_text(f"{uuid.uuid4()}\n", encoding="ascii")
        statistics = STATISTICS.read_text(encoding="ascii")
        (folder / STATISTICS.name).write_text(
            re.sub(r"^btime .*$", f"btime {int(time.time())}", statistics, flags=re.MULTILINE), encoding="ascii"
        )
        self.prefix = ("unshare", "--mount", sys.executable, __file__, str(folder))


def _become(folder: Path, command: Sequence[str]) -> None:
    for seen in (BOOT_ID, STATISTICS):
        subprocess.run(["mount", "--bind", str(folder / seen.name), str(seen)], check=True)
    os.execvp(command[0], list(command))  # noqa: S606 - this is what the program is for


if __name__ == "__main__":
    _become(Path(sys.argv[1]), sys.argv[2:])
