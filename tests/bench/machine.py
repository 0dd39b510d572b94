"""The machine that the figures come from."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")


class Machine(NamedTuple):
    """Processor, cores, kernel, versions, and how busy it was before the first figure."""

    processor: str
    cores: int
    memory_bytes: int
    kernel: str
    python: str
    sqlite: str
    load: float

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_bytes / 2**30:.0f} GiB; {self.kernel}; "
            f"Python {self.python}, SQLite {self.sqlite}; load average {self.load:.1f} at the start."
        )


def this_machine(proc: Path = PROC) -> Machine:
    """Read what is known of this machine."""
    return Machine(
        processor=processor_of((proc / "cpuinfo").read_text(encoding="utf-8")),
        cores=os.cpu_count() or 1,
        memory_bytes=memory_of((proc / "meminfo").read_text(encoding="utf-8")),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        load=os.getloadavg()[0],
    )


def processor_of(cpuinfo: str) -> str:
    """The first processor's name in the text of /proc/cpuinfo; its architecture where it has none."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in {"model name", "model", "cpu model"} and not value.strip().isdigit():
            return value.strip()
    return platform.machine()


def memory_of(meminfo: str) -> int:
    """Bytes of memory in the text of /proc/meminfo."""
    for line in meminfo.splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0
