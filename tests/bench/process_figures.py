"""What a process costs, as the kernel counts it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
PROCESS_CLOCK = 2
"""CPUCLOCK_SCHED of a whole process (linux/posix-timers.h): nanoseconds, where /proc/PID/stat has hundredths."""


class Memory(NamedTuple):
    """Bytes: resident, and the process' proportional part of what it shares with others."""

    resident: int
    proportional: int


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, those that have ended included."""
    return time.clock_gettime((~pid << 3) | PROCESS_CLOCK)


def children_cpu_seconds(pid: int, proc: Path = PROC) -> float:
    """CPU time of the children that a process has waited for, in hundredths."""
    return children_ticks((proc / str(pid) / "stat").read_text(encoding="utf-8")) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int, proc: Path = PROC) -> Memory:
    """Memory of a process now; raises PermissionError for another user's."""
    rollup = (proc / str(pid) / "smaps_rollup").read_text(encoding="utf-8")
    return Memory(kibibytes(rollup, "Rss") * 1024, kibibytes(rollup, "Pss") * 1024)


def written_bytes(pid: int, proc: Path = PROC) -> int:
    """Bytes that a process has caused to be sent to a disk; a file system in memory counts none."""
    return named_number((proc / str(pid) / "io").read_text(encoding="utf-8"), "write_bytes")


def children_ticks(stat: str) -> int:
    """cutime and cstime together in the text of /proc/PID/stat; the name in it may hold anything."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[13]) + int(fields[14])


def kibibytes(rollup: str, name: str) -> int:
    """One line of /proc/PID/smaps_rollup, in kB as it is there."""
    return named_number(rollup, name)


def named_number(text: str, name: str) -> int:
    """The first number after `name:`; raises KeyError where the kernel doesn't tell it."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise KeyError(name)
