"""Replacing a ledger by a finished database: at every instant one of them can be found."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = ("", "-wal", "-shm", "-journal")
"""Endings of a database's name, and of the files that SQLite keeps beside it."""


def place(copy: Path, path: Path, aside: Path) -> None:
    """Replace the ledger by the copy, which is complete and on the disk; the former file is kept under another name.

    A log that stays behind would be taken for the new file's: it goes aside with the file, which goes first.
    """
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        with contextlib.suppress(FileNotFoundError):
            part.replace(aside.with_name(aside.name + suffix))
    copy.replace(path)
    fsync_folder(path.parent)


def fsync_file(path: Path) -> None:
    """Sync a file and its name to the disk."""
    number = os.open(path, os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Sync the names in a folder to the disk, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def remove(path: Path) -> None:
    """Remove a database and the files that SQLite keeps beside it, if they exist."""
    for suffix in SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
