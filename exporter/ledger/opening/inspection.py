"""Questions about a ledger's file that commands have besides its usage."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_read, connect_to_write
from exporter.ledger.opening.checks import faults_in
from exporter.ledger.opening.history import mark_notices_seen

if TYPE_CHECKING:
    from pathlib import Path


def file_faults(path: Path) -> list[str]:
    """Damaged pages as SQLite describes them, the first twenty; empty for a whole file."""
    try:
        with contextlib.closing(connect_to_read(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [] if found == ["ok"] else found


def ledger_faults(path: Path) -> list[str]:
    """Wrong values in a whole file, as of the last posting, a sentence each; raises sqlite3.Error."""
    with contextlib.closing(connect_to_read(path)) as connection:
        connection.execute("BEGIN")
        return faults_in(connection)


def put_notices_away(path: Path) -> None:
    """Mark every incident of a ledger that no service writes as seen; raises sqlite3.Error."""
    with contextlib.closing(connect_to_write(path)) as connection:
        mark_notices_seen(connection)
