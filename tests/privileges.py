"""What the process that tests may do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

IDS_OF_THIS_PROCESS = Path("/proc/self/uid_map")


def is_root() -> bool:
    """Whether it is root: of the machine, or of a user namespace."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def has_many_users() -> bool:
    """Whether it is root and there are other users: an ordinary user's own user namespace holds root alone."""
    if not is_root():
        return False
    try:
        lines = IDS_OF_THIS_PROCESS.read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    return sum(int(line.split()[2]) for line in lines) > 1


def reason_against_namespaces() -> str:
    """Why no network namespace can be made here; "" where one can."""
    if not Path("/proc/self/ns/net").exists():
        return "this system has no network namespaces"
    if not is_root():
        return "network namespaces need root, or tests/in_own_namespaces.sh where users may make user namespaces"
    return "" if shutil.which("ip") else "network namespaces need ip (Debian package iproute2)"
