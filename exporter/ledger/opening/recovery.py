"""Recovery of a ledger out of its backups, or out of the file that the service still holds open."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.placing import fsync_file, place, remove
from exporter.ledger.files import (
    LedgerError,
    choose_journal,
    connect_to_read,
    connect_to_write,
    lacks_shared_memory,
    log_path,
    version_of,
)
from exporter.ledger.opening.condition import Condition, condition_of
from exporter.ledger.schema import SchemaError, is_prepared, prepare, require_current
from exporter.ledger.upkeep.backups import COPIED, backups_of, clean_partials, keep_version
from exporter.ledger.writing.statements import NEXT_POSTING, PUT_STATE, REWRITTEN
from reports.ledger.shape import SCHEMA_VERSION, SPECS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.ledger.shape import MeterSpec

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})

PUT_NOTICE = "INSERT INTO incident (at, subject, what, detail, seen) VALUES (?, '', ?, ?, 0)"

LOST_POSTINGS = 1_000_000_000
"""More than can have followed a backup, one in ten seconds: no number that was lost with a ledger is used again."""

CAUSES = {
    None: "the ledger was gone",
    Condition.NEW: "an empty file was in the ledger's place, and is kept as {aside}",
    Condition.FOREIGN: "a file that is no ledger of netledger was in the ledger's place, and is kept as {aside}",
    Condition.DAMAGED: "the damaged ledger is kept as {aside}",
}


def make_good(path: Path, specs: Sequence[MeterSpec] = SPECS) -> None:
    """Make the file at `path` a good ledger of this version, whatever it is; the caller holds its lock.

    Raises LedgerError or SchemaError with the next step, sqlite3.OperationalError where the file cannot be judged.
    """
    condition = _judged(path) if path.exists() else None
    if condition is Condition.NEWER:
        require_current(path, _version_of(path))
    elif condition is Condition.GOOD:
        _clean_leftovers(path)
    else:
        _replace(path, condition)
    _bring_forward(path, specs)


def write_out(connection: sqlite3.Connection, path: Path, detail: str) -> str:
    """Write a ledger back out of a file that is open and no longer at its place; returns the notice.

    The connection still sees all that was committed; it is of no use afterwards. Raises sqlite3.Error and OSError.
    """
    copy = _copy_path(path)
    aside = _aside(path)
    remove(copy)
    with contextlib.closing(sqlite3.connect(copy)) as target:
        connection.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    notice = "ledger written back", detail.format(aside=aside.name)
    _finish(copy, notice, is_copied=False)
    place(copy, path, aside)
    return ": ".join(notice)


def _bring_forward(path: Path, specs: Sequence[MeterSpec]) -> None:
    """Migrate a ledger of an older version, of which a copy is kept, and create the tables of new meters."""
    with contextlib.closing(connect_to_read(path)) as connection:
        version = version_of(connection)
        if is_prepared(connection, specs):
            return
    try:
        if version < SCHEMA_VERSION:
            keep_version(path, version)
    except OSError as error:
        raise LedgerError(f"cannot copy {path} before it is migrated: {error}; make room in {path.parent}") from error
    prepare(path, specs)


def _judged(path: Path) -> Condition:
    try:
        return condition_of(path)
    except sqlite3.OperationalError as error:
        if not lacks_shared_memory(error):
            raise
    choose_journal(path)
    return condition_of(path)


def _replace(path: Path, condition: Condition | None) -> None:
    aside = _aside(path)
    cause = CAUSES[condition].format(aside=aside.name)
    copy = _copy_path(path)
    try:
        source = _newest_good(path, copy)
        if source:
            _finish(copy, ("ledger restored", f"{cause}; {source} was restored"), is_copied=True)
        else:
            remove(copy)
            prepare(copy)
            if condition not in {None, Condition.NEW} or _has_traces(path):
                what = "ledger missing" if condition is None else "ledger damaged"
                _finish(copy, (what, f"{cause}; there was no good backup, so a new ledger begins"), is_copied=False)
            else:
                fsync_file(copy)
        place(copy, path, aside)
    except (OSError, sqlite3.OperationalError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LedgerError(
            f"{path} cannot be put in place: {reason}; make room in {path.parent} and let this user write there"
        ) from error
    _clean_leftovers(path)


def _newest_good(path: Path, copy: Path) -> str:
    """Copy the newest good backup to `copy`; returns its name, "" without a good one.

    The newest is the one with the highest posting, as clocks go wrong. One that an interrupted start has left at
    `copy` may be the only one.
    """
    newer = None
    for found in _by_newest((copy, *backups_of(path))):
        condition = _condition_of(found)
        newer = found if condition is Condition.NEWER else newer
        if condition is not Condition.GOOD:
            continue
        if found == copy:
            return "a copy that an interrupted start had left"
        if _is_copied(found, copy):
            return found.name
    if newer is not None:
        raise SchemaError(
            f"{path} must be restored, and {newer} was written by a newer netledger: "
            "install that version again, or move its backups away to begin anew"
        )
    return ""


def _by_newest(files: tuple[Path, ...]) -> list[Path]:
    ranked = [(posting, path.name, path) for path in files if (posting := _posting_of(path)) is not None]
    return [path for *_, path in sorted(ranked, reverse=True)]


def _posting_of(path: Path) -> int | None:
    """The number of the last posting in a copy; None where it cannot be read as a ledger."""
    try:
        with contextlib.closing(connect_to_read(path)) as connection:
            return int(connection.execute("SELECT ifnull(max(posting), 0) FROM meter").fetchone()[0])
    except (sqlite3.Error, OSError, ValueError):
        return None


def _condition_of(path: Path) -> Condition:
    try:
        return condition_of(path)
    except (sqlite3.OperationalError, OSError):
        return Condition.DAMAGED


def _is_copied(backup: Path, copy: Path) -> bool:
    """True if the copy is whole; a backup that cannot be read is passed over. Raises OSError on a full disk."""
    remove(copy)
    try:
        shutil.copyfile(backup, copy)
        fsync_file(copy)
    except OSError as error:
        remove(copy)
        if error.errno in NO_ROOM:
            raise
        return False
    return condition_of(copy) is Condition.GOOD


def _finish(copy: Path, notice: tuple[str, str], *, is_copied: bool) -> None:
    """Migrate the copy, write the notice into it, and sync it to the disk."""
    prepare(copy)
    now = datetime.now(UTC)
    with contextlib.closing(connect_to_write(copy)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(PUT_NOTICE, (int(now.timestamp()), *notice))
        if is_copied:
            connection.execute(PUT_STATE, (COPIED, now.isoformat(timespec="seconds")))
            connection.execute("UPDATE meter SET posting = posting + ?", (LOST_POSTINGS,))
            connection.execute(f"INSERT OR REPLACE INTO state (name, value) SELECT ?, ({NEXT_POSTING})", (REWRITTEN,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")
    if condition_of(copy) is not Condition.GOOD:
        raise sqlite3.DatabaseError(f"{copy} is damaged")
    fsync_file(copy)


def _version_of(path: Path) -> int:
    with contextlib.closing(connect_to_read(path)) as connection:
        return version_of(connection)


def _copy_path(path: Path) -> Path:
    return path.with_name(path.name + ".restored")


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}")


def _has_traces(path: Path) -> bool:
    """True if a ledger was here: backups, a log without its file, or a file that was set aside."""
    aside = f"{path.name}.damaged-"
    return (
        bool(backups_of(path))
        or log_path(path).exists()
        or any(found.name.startswith(aside) for found in path.parent.iterdir())
    )


def _clean_leftovers(path: Path) -> None:
    with contextlib.suppress(OSError):
        remove(_copy_path(path))
        clean_partials(path)
