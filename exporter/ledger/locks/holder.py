"""The process that writes a ledger: a note in the locked file beside it, for commands of the same user."""

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
"""Length of a note from its beginning: written again, it needs no room, also on a full disk."""

ADDRESS = re.compile(r"https?://[\w.:%\[\]-]+:\d{1,5}|", re.ASCII)
TOKEN = re.compile(r"[0-9a-f]{0,128}", re.ASCII)
MOST_PID = 1 << 22
"""Linux gives no larger one."""

READING = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags that follow no link, and do not wait for the other end of a pipe."""


class Holder(NamedTuple):
    """The process that writes a ledger: its id (0: it could not be noted) and, once it listens, its address.

    `token` opens the API to users who may read the note; commands use `local_url` where it differs from `url`.
    """

    pid: int
    url: str = ""
    token: str = ""
    local_url: str = ""


def lock_path(ledger: Path) -> Path:
    """Path of a ledger's lock: beside the file itself, also where a link leads to it."""
    file = type(ledger)(os.path.realpath(ledger))
    return file.with_name(file.name + ".lock")


def find_holder(ledger: Path) -> Holder | None:
    """The process that writes this ledger now; None without one, or where this user may not read the note."""
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
    """The holder in an open note; None for a text that is no note."""
    try:
        os.lseek(opened, 0, os.SEEK_SET)
        fields = json.loads(os.read(opened, NOTE_BYTES))
        holder = Holder(fields["pid"], fields["url"], fields.get("token", ""), fields.get("local_url", ""))
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
    """Write the note in place, never shorter than before; a note that cannot be written stops no counting."""
    text = json.dumps(holder._asdict()) if holder else ""
    with contextlib.suppress(OSError):
        os.lseek(opened, 0, os.SEEK_SET)
        os.write(opened, text.ljust(NOTE_BYTES).encode())


def _is_trusted(status: os.stat_result, ledger: Path) -> bool:
    """True for a note of the ledger's user, root or this one; any other may lead to a server that collects keys."""
    if not stat.S_ISREG(status.st_mode):
        return False
    if not hasattr(os, "geteuid") or status.st_uid in {0, os.geteuid()}:
        return True
    with contextlib.suppress(OSError):
        return status.st_uid == ledger.stat().st_uid
    return False


def _is_held(opened: int, holder: Holder | None) -> bool:
    """True if a process writes; where the file system has no locks, if the noted process is alive."""
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
