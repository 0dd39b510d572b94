"""Backups of the ledger: one file a day beside it, written while the service goes on."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.placing import fsync_file, remove
from exporter.ledger.files import CACHE, LedgerError, connect_to_read
from exporter.ledger.opening.condition import Condition, condition_of
from exporter.ledger.writing.statements import FORMER_IDS, LEDGER_ID
from reports.ledger.shape import SPECS

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

PAGES_A_STEP = 256
"""Pages copied at a time, so that a slow disk stays free for commits."""

COPIED = "copied"
"""State of a ledger that is a copy: its date. What was counted later is missing."""


class DamagedLedgerError(sqlite3.DatabaseError):
    """A backup that was just made is not whole: the ledger itself is damaged."""


def backup_folder(ledger: Path) -> Path:
    """Folder of a ledger's backups."""
    return ledger.with_name("backups")


def backup_path(ledger: Path, day: date) -> Path:
    """Path of a day's backup."""
    return backup_folder(ledger) / f"{ledger.stem}-{day.isoformat()}{ledger.suffix}"


def backups_of(ledger: Path) -> list[Path]:
    """Backups of a ledger by their names, newest first."""
    name = re.compile(rf"{re.escape(ledger.stem)}-\d{{4}}-\d\d-\d\d{re.escape(ledger.suffix)}", re.ASCII)
    try:
        found = [path for path in backup_folder(ledger).iterdir() if name.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, reverse=True)


def write_backup(ledger: Path, day: date, keep: int) -> Path:
    """Copy the ledger by SQLite's backup API, check the copy, and keep the newest `keep`; the last step is atomic.

    Raises LedgerError where the day's backup is of another ledger, which must not be lost.
    """
    target = backup_path(ledger, day)
    _write(ledger, target, day)
    for old in _older_than_kept(ledger, target, keep):
        remove(old)
    return target


def _write(ledger: Path, target: Path, day: date) -> None:
    target.parent.mkdir(mode=0o700, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    remove(partial)
    try:
        _copy(ledger, partial, day)
        if condition_of(partial) is not Condition.GOOD:
            raise DamagedLedgerError(f"a copy of {ledger} is damaged, so the ledger is")
        _refuse_another_ledgers(target, partial)
        fsync_file(partial)
        partial.replace(target)
    finally:
        remove(partial)


def keep_version(ledger: Path, version: int) -> None:
    """Copy a ledger before it is migrated; the copy is kept, whatever number of backups there may be."""
    _write(ledger, _copy_of_schema(ledger, version), datetime.now(UTC).date())


def _copy_of_schema(ledger: Path, version: int) -> Path:
    return backup_folder(ledger) / f"{ledger.stem}-schema-{version}{ledger.suffix}"


def newest_copy(ledger: Path, before: str, schema: int) -> Path:
    """The newest copy that an update to the version `before` left of a ledger of this schema.

    That is the one that the new netledger made when it migrated, else the one of before the update.
    """
    copies = (copy_before_update(ledger, before), _copy_of_schema(ledger, schema))
    return max((copy for copy in copies if os.path.lexists(copy)), key=_modified, default=copies[0])


def _modified(path: Path) -> float:
    return path.lstat().st_mtime


def copy_before_update(ledger: Path, version: str) -> Path:
    """Path of the copy that is made before netledger is updated to this version."""
    return backup_folder(ledger) / f"{ledger.stem}-before-{version}{ledger.suffix}"


def keep_before_update(ledger: Path, version: str) -> Path:
    """Copy a ledger before netledger is updated to this version; the copies of earlier updates are removed."""
    target = copy_before_update(ledger, version)
    _write(ledger, target, datetime.now(UTC).date())
    for earlier in backup_folder(ledger).glob(f"{ledger.stem}-before-*{ledger.suffix}"):
        if earlier != target:
            remove(earlier)
    return target


def clean_partials(ledger: Path) -> None:
    """Remove what an interrupted backup has left."""
    for path in backup_folder(ledger).glob("*.partial"):
        if path.name.startswith(f"{ledger.stem}-"):
            remove(path)


def ledger_id_of(path: Path) -> str:
    """Id of the ledger that a file is a copy of; "" without one."""
    return next(iter(_ids_of(path)), "")


def _ids_of(path: Path) -> list[str]:
    """The id of a file's ledger, then those that it had before."""
    query = "SELECT value FROM state WHERE name IN (?, ?) ORDER BY name = ?"
    try:
        with contextlib.closing(connect_to_read(path)) as connection:
            rows = connection.execute(query, (LEDGER_ID, FORMER_IDS, FORMER_IDS)).fetchall()
    except (sqlite3.Error, UnicodeDecodeError):
        return []
    return [each for (value,) in rows for each in str(value).split()]


def _copy(ledger: Path, partial: Path, day: date) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(partial)) as copy,
    ):
        source.execute(CACHE)
        copy.execute(CACHE)
        source.backup(copy, pages=PAGES_A_STEP, sleep=0.01)
        copy.execute("PRAGMA journal_mode = DELETE")
        _delete_secrets(copy)
        with contextlib.suppress(sqlite3.OperationalError):  # of a ledger without our tables, the check says so
            copy.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (COPIED, day.isoformat()))
            copy.commit()


def _delete_secrets(copy: sqlite3.Connection) -> None:
    """Overwrite what no copy may hold: a salt that the ledger destroys tomorrow."""
    copy.execute("PRAGMA secure_delete = ON")
    for spec in SPECS:
        with contextlib.suppress(sqlite3.OperationalError):  # most meters have no such table
            copy.execute(f"DELETE FROM {spec.secrets}")  # noqa: S608 - names of the spec
    copy.commit()


def _refuse_another_ledgers(target: Path, new: Path) -> None:
    if target.exists():
        held = ledger_id_of(target)
        if held and held not in _ids_of(new):
            raise LedgerError(f"{target} is a backup of another ledger, and stays: move it away first")


def _older_than_kept(ledger: Path, written: Path, keep: int) -> list[Path]:
    """All but the newest: the one just written counts first, those that a wrong clock dated into the future last."""
    others = [path for path in backups_of(ledger) if path != written]
    past = [path for path in others if path.name < written.name]
    return [written, *past, *others[: len(others) - len(past)]][max(keep, 1) :]
