"""Backups of the ledger: one file a day beside it, written while the service goes on."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from exporter.ledger.files import CACHE

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

PAGES_A_STEP = 256
"""Pages copied between two breaths, so that a slow disk stays free for commits."""


class DamagedLedgerError(sqlite3.DatabaseError):
    """A backup that was just made is not whole: the ledger itself is damaged."""


def backup_folder(ledger: Path) -> Path:
    """Where the backups of a ledger are."""
    return ledger.with_name("backups")


def backups_of(ledger: Path) -> list[Path]:
    """Backups of a ledger, newest first."""
    pattern = f"{ledger.stem}-????-??-??{ledger.suffix}"
    return sorted(backup_folder(ledger).glob(pattern), reverse=True)


def write_backup(ledger: Path, day: date, keep: int) -> Path:
    """Copy the ledger by SQLite's backup API, check the copy, and keep the newest `keep`; the last step is atomic."""
    folder = backup_folder(ledger)
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / f"{ledger.stem}-{day.isoformat()}{ledger.suffix}"
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(ledger)) as source,
        contextlib.closing(sqlite3.connect(partial)) as copy,
    ):
        source.execute(CACHE)
        copy.execute(CACHE)
        source.backup(copy, pages=PAGES_A_STEP, sleep=0.01)
        copy.execute("PRAGMA journal_mode = DELETE")
    if not is_sound(partial):
        partial.unlink(missing_ok=True)
        raise DamagedLedgerError(f"a copy of {ledger} is damaged, so the ledger is")
    partial.replace(target)
    for old in backups_of(ledger)[max(keep, 1) :]:
        old.unlink(missing_ok=True)
    return target


def is_sound(path: Path) -> bool:
    """Whether the file is a ledger that SQLite finds whole; an empty file is not, since nobody writes one."""
    if path.stat().st_size == 0:
        return False
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(CACHE)
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except UnicodeDecodeError:  # what SQLite complains of quotes the damage
        return False
    except sqlite3.DatabaseError as error:
        return isinstance(error, sqlite3.OperationalError)
