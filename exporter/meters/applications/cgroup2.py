"""Where cgroup 2 is mounted: at /sys/fs/cgroup, or at /sys/fs/cgroup/unified beside cgroup 1."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
# mountinfo writes space, tab, newline and backslash of a path so.
_ESCAPED = re.compile(r"\\([0-7]{3})")


class CgroupMount(NamedTuple):
    """A place where cgroup 2 is mounted, and which part of the hierarchy is there: "/" is all of it."""

    path: Path
    root: str


def cgroup2_mounts(proc: Path = PROC) -> list[CgroupMount]:
    """Every mount of cgroup 2, those of most of the hierarchy first; none where there is none, or it cannot be read.

    Where this process has none, those of the nearest parent serve: `ip netns exec` hides /sys/fs/cgroup behind a /sys
    of the other network namespace.
    """
    found, process = _mounts(proc / "self/mountinfo", Path("/")), _parent(proc / "self")
    while not found and process:
        mounts = _mounts(proc / str(process) / "mountinfo", proc / str(process) / "root")
        found = [mount for mount in mounts if os.access(mount.path, os.R_OK | os.X_OK)]
        process = _parent(proc / str(process))
    return found


def _parent(folder: Path) -> int:
    """The number of a process' parent; 0 where it has none. Fields begin behind the name, which may hold anything."""
    try:
        return int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _mounts(mountinfo: Path, root: Path) -> list[CgroupMount]:
    """Mounts of a list (proc_pid_mountinfo(5)), whose places are below `root`.

    Its fields: id, parent, device, root, place, options, any number of others, "-", type.
    """
    try:
        lines = mountinfo.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    fields = [
        mount.split(" ") for mount, _, kind in (line.partition(" - ") for line in lines) if kind.startswith("cgroup2 ")
    ]
    found = [CgroupMount(root / _unescaped(place).lstrip("/"), _unescaped(part)) for _, _, _, part, place, *_ in fields]
    return sorted(found, key=lambda mount: (len(mount.root), len(mount.path.parts)))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
