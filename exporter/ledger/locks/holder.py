"""Who writes a ledger: a note in the locked file beside it, for commands of the same user."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.locks.locking import has_writer

if TYPE_CHECKING:
    from pathlib import Path

NOTE_BYTES = 1024
"""The note is as long as this from its beginning: told again, it needs no room, also on a full disk."""

ADDRESS = re.compile(r"https?://[\w.:%\[\]-]+:\d{1,5}|", re.ASCII)
TOKEN = re.compile(r"[0-9a-f]{0,128}", re.ASCII)
MOST_PID = 1 << 22
"""Linux gives no larger one."""

READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Neither through a link, nor waiting for whoever holds the other end of a pipe."""


class Holder(NamedTuple):
    """Who writes a ledger: process id (0: it could not be noted) and, once it listens, its address.

    `token` opens the API to whoever may read the note; `local_url` is where commands ask, if not at `url`.
    """

    pid: int
    url: str = ""
    token: str = ""
    local_url: str = ""


def lock_path(ledger: Path) -> Path:
    """Where the lock of a ledger is: beside the file itself, by whatever link that is reached."""
    file = type(ledger)(os.path.realpath(ledger))
    return file.with_name(file.name + ".lock")


def find_holder(ledger: Path) -> Holder | None:
    """Who writes this ledger now; None when nobody does, or this user may not know."""
    try:
        opened = os.open(lock_path(ledger), READING)
    except OSError:
        return None
    try:
        if not _is_trusted(os.fstat(opened), ledger):
            return None
        holder = read_note(opened)
        return (holder or Holder(0)) if _is_held(opened, holder) else None
    finally:
        os.close(opened)


def read_note(opened: int) -> Holder | None:
    """What an open note says; None for what does not look like ours."""
    try:
        os.lseek(opened, 0, os.SEEK_SET)
        told = json.loads(os.read(opened, NOTE_BYTES))
        holder = Holder(told["pid"], told["url"], told.get("token", ""), told.get("local_url", ""))
        is_ours = (
            type(holder.pid) is int
            and 0 < holder.pid <= MOST_PID
            and TOKEN.fullmatch(holder.token)
            and ADDRESS.fullmatch(holder.url)
            and ADDRESS.fullmatch(holder.local_url)
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return holder if is_ours else None


def write_note(opened: int, holder: Holder | None) -> None:
    """Note it in place, never shorter than before; what cannot be noted is no reason not to count."""
    text = json.dumps(holder._asdict()) if holder else ""
    with contextlib.suppress(OSError):
        os.lseek(opened, 0, os.SEEK_SET)
        os.write(opened, text.ljust(NOTE_BYTES).encode())


def _is_trusted(status: os.stat_result, ledger: Path) -> bool:
    """A note of another user than the ledger's, root or this one may lead to somebody who collects keys."""
    if not stat.S_ISREG(status.st_mode):
        return False
    if not hasattr(os, "geteuid") or status.st_uid in {0, os.geteuid()}:
        return True
    with contextlib.suppress(OSError):
        return status.st_uid == ledger.stat().st_uid
    return False


def _is_held(opened: int, holder: Holder | None) -> bool:
    """Whether somebody writes; where the file system has no locks, whether the process that is noted lives."""
    try:
        return has_writer(opened)
    except OSError:
        return holder is not None and _is_alive(holder.pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
