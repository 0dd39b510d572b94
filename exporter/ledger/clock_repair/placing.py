"""Putting a finished database in a ledger's place, so that no instant is without one that can be found again."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = ("", "-wal", "-shm", "-journal")
"""A database, and what SQLite keeps beside it."""


def place(copy: Path, path: Path, aside: Path) -> None:
    """Put the copy, complete and on the disk, in the place of the ledger; what was there is kept under another name.

    A log that stays behind would be taken for the new file's: it goes aside with the file, which goes first.
    """
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        with contextlib.suppress(FileNotFoundError):
            part.replace(aside.with_name(aside.name + suffix))
    copy.replace(path)
    fsync_folder(path.parent)


def fsync_file(path: Path) -> None:
    """Have the content of a file on the disk, and its name."""
    number = os.open(path, os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def remove(path: Path) -> None:
    """Remove a database with all that SQLite keeps beside it, as far as there is one."""
    for suffix in SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
