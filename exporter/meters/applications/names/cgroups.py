"""Paths of cgroups by their ids: the id of a cgroup in cgroup 2 is the inode of its directory."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.meters.applications.cgroup2 import cgroup2_mounts

if TYPE_CHECKING:
    from collections.abc import Callable

# A machine with 250 pods has 2,000, which a walk takes 12 ms of CPU for.
MOST_CGROUPS = 16_384
# A sample that comes a little early is still the next one.
WALK_SECONDS = 0.9
LEAF_LINKS = 2


class Cgroups:
    """Paths below the mount of cgroup 2, such as "/system.slice/nginx.service"; "" is the root.

    `mount` is where cgroup 2 is mounted, None to find that in /proc/self/mountinfo. Directories are walked when an
    unknown id comes, and at most once a second. The paths of cgroups that are gone are kept while there is room.
    """

    def __init__(self, proc: Path, mount: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._proc, self._mount, self._clock = proc, mount, clock
        self._paths: dict[int, str] = {}
        self._gone: set[int] = set()
        self._walked = -WALK_SECONDS

    def path_of(self, cgroup: int) -> str | None:
        """The path of a cgroup; None where it is gone, or no walk has come by it yet."""
        if cgroup not in self._paths and cgroup not in self._gone and self._clock() - self._walked >= WALK_SECONDS:
            self._walk(cgroup)
        return self._paths.get(cgroup)

    def is_undecided(self, cgroup: int) -> bool:
        """Whether a further walk may find it."""
        return cgroup != 0 and cgroup not in self._paths and cgroup not in self._gone

    def _walk(self, missing: int) -> None:
        mounts = [self._mount] if self._mount else [each.path for each in cgroup2_mounts(self._proc)]
        found = directories(os.fspath(mounts[0])) if mounts else {}
        self._walked = self._clock()
        self._paths = found if len(self._paths) + len(found) > MOST_CGROUPS else self._paths | found
        if missing not in found:
            # An id is never given twice, and was there before it was asked for.
            self._gone = {missing} if len(self._gone) >= MOST_CGROUPS else self._gone | {missing}


def directories(top: str) -> dict[int, str]:
    """Every directory below and with `top` by its inode; paths begin behind `top`."""
    try:
        found = {Path(top).stat().st_ino: ""}
    except OSError:
        return {}
    pending = [""]
    while pending and len(found) < MOST_CGROUPS:
        path = pending.pop()
        for name, inode in _below(f"{top}{path}"):
            found[inode] = f"{path}/{name}"
            pending.append(f"{path}/{name}")
    return found


def _below(path: str) -> list[tuple[str, int]]:
    """Directories in a directory; none where it is gone or may not be read."""
    try:
        # The links of a directory of kernfs are two, and one for each directory in it: most are leaves of 50 files.
        if os.stat(path).st_nlink == LEAF_LINKS:  # noqa: PTH116 - a path for each of 2,000 costs more
            return []
        with os.scandir(path) as entries:
            return [(entry.name, entry.inode()) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
