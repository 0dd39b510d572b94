"""The schema of a ledger: its version, migrations forward only, and the tables of every meter."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from exporter.ledger.files import choose_journal, transaction, version_of
from exporter.ledger.migrations import MIGRATIONS, migration
from exporter.ledger.tables import tables_of, views_of
from reports.ledger.shape import SCHEMA_VERSION, SPECS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from reports.ledger.shape import MeterSpec

PAGE_SIZE = 1024
"""A commit rewrites about five pages (checkpoint, slot, minute, day, meter): small ones keep a day's writing small."""

# As sqlite-utils writes it, which recorded the first version.
RECORD = """
CREATE TABLE IF NOT EXISTS _sqlite_migrations (
  id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT
)
"""


class SchemaError(Exception):
    """The ledger's tables are not of a version that this netledger can write."""


def require_current(path: Path, version: int) -> None:
    """Raise SchemaError for a ledger that a newer netledger has written."""
    if version > SCHEMA_VERSION:
        raise SchemaError(
            f"{path} was written by a newer netledger (schema version {version}, this one knows {SCHEMA_VERSION}): "
            "install that version again, or name another ledger.path"
        )


def is_prepared(connection: sqlite3.Connection, specs: Iterable[MeterSpec] = SPECS) -> bool:
    """True if a ledger is of this version and has the tables of these meters."""
    return version_of(connection) == SCHEMA_VERSION and not any(_missing(connection, specs))


def prepare(path: Path, specs: Iterable[MeterSpec] = SPECS) -> None:
    """Migrate, and raise SchemaError with the next step where that fails."""
    try:
        migrate(path, specs)
    except sqlite3.Error as error:
        reason = f"could not prepare {path}: {error}"
        raise SchemaError(f"{reason}; look at its disk and its folder, or set ledger.path") from error


def migrate(path: Path, specs: Iterable[MeterSpec] = SPECS) -> None:
    """Bring the file to the current version, and create the tables of meters that are new, in one transaction."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        version = version_of(connection)
        require_current(path, version)
        if not is_prepared(connection, specs):
            _apply(connection, version, specs)
    choose_journal(path)


def _apply(connection: sqlite3.Connection, version: int, specs: Iterable[MeterSpec]) -> None:
    if version == 0:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        # The caller syncs a new file as a whole: twenty slow syncs fewer.
        connection.execute("PRAGMA synchronous = OFF")
    with transaction(connection):
        apply_migrations(connection, version)
        for statement in _missing(connection, specs):
            connection.execute(statement)


def apply_migrations(connection: sqlite3.Connection, version: int, last: int = SCHEMA_VERSION) -> None:
    """Apply the migrations from `version` to `last`, and record each, within the caller's transaction."""
    connection.execute(RECORD)
    for number in MIGRATIONS:
        if version < number <= last:
            migration(number)(connection)
            row = ("netledger", f"version_{number}", str(datetime.now(UTC)))
            connection.execute("INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)", row)
            connection.execute(f"PRAGMA user_version = {number}")


def _missing(connection: sqlite3.Connection, specs: Iterable[MeterSpec]) -> Iterator[str]:
    """Statements for tables and views of these meters that the ledger does not have."""
    held = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    for spec in specs:
        made = tables_of(spec) | views_of(spec)
        yield from (statement for name, statement in made.items() if name not in held)
