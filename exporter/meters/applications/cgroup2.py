"""Where cgroup 2 is mounted: at /sys/fs/cgroup, or at /sys/fs/cgroup/unified beside cgroup 1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

MOUNTS = Path("/proc/self/mountinfo")
# mountinfo writes space, tab, newline and backslash of a path so.
_ESCAPED = re.compile(r"\\([0-7]{3})")


class CgroupMount(NamedTuple):
    """A place where cgroup 2 is mounted, and which part of the hierarchy is there: "/" is all of it."""

    path: Path
    root: str


def cgroup2_mounts(mountinfo: Path = MOUNTS) -> list[CgroupMount]:
    """Every mount of cgroup 2, those of most of the hierarchy first; none where the list cannot be read.

    Its fields: id, parent, device, root, place, options, any number of others, "-", type (proc_pid_mountinfo(5)).
    """
    try:
        lines = mountinfo.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    fields = [
        mount.split(" ") for mount, _, kind in (line.partition(" - ") for line in lines) if kind[:8] == "cgroup2 "
    ]
    found = [CgroupMount(Path(_unescaped(place)), _unescaped(root)) for _, _, _, root, place, *_ in fields]
    return sorted(found, key=lambda mount: (len(mount.root), len(mount.path.parts)))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
