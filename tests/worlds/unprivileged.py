"""Commands for servers that refuse to run as root, whoever tests."""

from __future__ import annotations

import pwd
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from tests.privileges import has_many_users, is_root

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = 65534


def own_namespace() -> tuple[str, ...]:
    """A user namespace in which this process's user is nobody: its files stay its own, and the network is the same."""
    return ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")


def other_user() -> tuple[str, ...]:
    """The user nobody of this machine."""
    return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@cache
def as_unprivileged() -> tuple[str, ...]:
    """What stands before a command, so that it does not run as root; nothing where that is so already.

    Root of a user namespace has no other users, and root of a container may have no namespaces: each has the other way.
    """
    if not is_root():
        return ()
    if subprocess.run((*own_namespace(), "true"), check=False, capture_output=True).returncode == 0:
        return own_namespace()
    return other_user()


def give(folder: Path, command: tuple[str, ...]) -> None:
    """Let what runs after `command` write to a folder."""
    if command == other_user() and has_many_users():
        shutil.chown(folder, pwd.getpwuid(NOBODY).pw_name, NOBODY)
