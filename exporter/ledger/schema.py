"""The ledger's tables and views, as forward-only migrations; the views are what reports may read."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.ledger.files import choose_journal
from reports.ledger.shape import INTERFACE, SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlite_utils import Database

PACKAGES = Path(__file__).parents[2]
"""Where -m finds the package first: the folder that somebody started the service in may have one of this name."""

PAGE_SIZE = 1024
"""A commit rewrites about five pages (checkpoint, slot, minute, day, meter): small ones keep a day's writing small."""

_COUNTS = ", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in INTERFACE.sums)
_SPEEDS = ", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in INTERFACE.peaks)
_COUNT_LIST = ", ".join(INTERFACE.sums)
_SPEED_LIST = ", ".join(INTERFACE.peaks)
_TOPS = ", ".join(f"max(u.{name}) AS {name}" for name in INTERFACE.peaks)
_ZEROED_COUNT_LIST = ", ".join(f"ifnull({name}, 0) AS {name}" for name in INTERFACE.sums)
_ZEROED_SPEED_LIST = ", ".join(f"ifnull({name}, 0) AS {name}" for name in INTERFACE.peaks)
_SUMS = ", ".join(f"sum(u.{name}) AS {name}" for name in INTERFACE.sums)

FIRST = f"""
CREATE TABLE subject (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
  counted INTEGER NOT NULL DEFAULT 0, uplink INTEGER NOT NULL DEFAULT 0,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, UNIQUE (kind, name)
) STRICT;
CREATE TABLE checkpoint (
  subject INTEGER PRIMARY KEY REFERENCES subject (id), epoch TEXT NOT NULL, counter_bits INTEGER NOT NULL,
  {_COUNTS},
  began_at INTEGER NOT NULL, base_receive_bytes INTEGER NOT NULL, base_transmit_bytes INTEGER NOT NULL,
  ledger_receive_bytes INTEGER NOT NULL, ledger_transmit_bytes INTEGER NOT NULL,
  discarded_receive_bytes INTEGER NOT NULL DEFAULT 0, discarded_transmit_bytes INTEGER NOT NULL DEFAULT 0,
  read_at INTEGER NOT NULL
) STRICT;
CREATE TABLE meter (
  name TEXT PRIMARY KEY, posting INTEGER NOT NULL, boot_id TEXT NOT NULL, namespace INTEGER NOT NULL,
  wall INTEGER NOT NULL, elapsed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE slot (
  slot INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  {_COUNTS}, estimated_bytes INTEGER NOT NULL DEFAULT 0, {_SPEEDS},
  PRIMARY KEY (slot, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE minute (
  minute INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  receive_bytes INTEGER NOT NULL DEFAULT 0, transmit_bytes INTEGER NOT NULL DEFAULT 0, {_SPEEDS},
  PRIMARY KEY (minute, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE day (
  day INTEGER NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  {_COUNTS}, estimated_bytes INTEGER NOT NULL DEFAULT 0, {_SPEEDS},
  PRIMARY KEY (day, subject)
) STRICT, WITHOUT ROWID;
CREATE TABLE gap (
  id INTEGER PRIMARY KEY, meter TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
  cause TEXT NOT NULL, bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX gap_by_end ON gap (ended);
CREATE TABLE incident (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, subject TEXT NOT NULL DEFAULT '', what TEXT NOT NULL,
  bytes INTEGER NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT '', seen INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE VIEW usage_by_slot AS
  SELECT u.slot AS started, datetime(u.slot, 'unixepoch') AS started_utc, s.kind, s.name AS device, s.counted,
         {_COUNT_LIST}, estimated_bytes, {_SPEED_LIST}
  FROM slot AS u JOIN subject AS s ON s.id = u.subject;
CREATE VIEW usage_by_minute AS
  SELECT u.minute AS started, datetime(u.minute, 'unixepoch') AS started_utc, s.kind, s.name AS device, s.counted,
         receive_bytes, transmit_bytes, {_SPEED_LIST}
  FROM minute AS u JOIN subject AS s ON s.id = u.subject;
CREATE VIEW usage_by_day AS
  SELECT u.day, date(u.day * 86400, 'unixepoch') AS date, s.kind, s.name AS device, s.counted,
         {_COUNT_LIST}, estimated_bytes, {_SPEED_LIST}
  FROM day AS u JOIN subject AS s ON s.id = u.subject;
CREATE VIEW usage_by_month AS
  SELECT strftime('%Y-%m', u.day * 86400, 'unixepoch') AS month, s.kind, s.name AS device, s.counted,
         {_SUMS}, sum(estimated_bytes) AS estimated_bytes, max(peak_speed) AS peak_speed, count(*) AS days
  FROM day AS u JOIN subject AS s ON s.id = u.subject GROUP BY month, s.id;
CREATE VIEW interface AS
  SELECT s.name AS device, s.counted, s.uplink, s.first_seen, s.last_seen, {_ZEROED_COUNT_LIST},
         ifnull(estimated_bytes, 0) AS estimated_bytes, {_ZEROED_SPEED_LIST}
  FROM subject AS s LEFT JOIN (
    SELECT u.subject, {_SUMS}, sum(estimated_bytes) AS estimated_bytes, {_TOPS} FROM day AS u GROUP BY u.subject
  ) AS ever ON ever.subject = s.id
  WHERE s.kind = 'interface';
CREATE VIEW epoch AS
  SELECT s.name AS device, s.kind, s.counted, c.epoch, c.began_at, c.read_at,
         c.receive_bytes, c.transmit_bytes, c.base_receive_bytes, c.base_transmit_bytes,
         c.ledger_receive_bytes, c.ledger_transmit_bytes, c.discarded_receive_bytes, c.discarded_transmit_bytes
  FROM checkpoint AS c JOIN subject AS s ON s.id = c.subject;
"""  # noqa: S608 - the columns are the tuples above

MIGRATIONS = ((1, FIRST),)


class SchemaError(Exception):
    """The ledger's tables are not of a version that this netledger can write."""


def version_of(connection: sqlite3.Connection) -> int:
    """Read the schema version of an open ledger; 0 is a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def require_current(path: Path, version: int) -> None:
    """Raise SchemaError for a ledger that a newer netledger has written."""
    if version > SCHEMA_VERSION:
        raise SchemaError(
            f"{path} was written by a newer netledger (schema version {version}, this one knows {SCHEMA_VERSION}): "
            "install that version again, or name another ledger.path"
        )


def migrate(path: Path) -> None:
    """Bring the file to the current version by sqlite-utils, each step and its record in one transaction."""
    from sqlite_utils import Database  # noqa: PLC0415 - 5 MB that only a migration needs
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415

    connection = sqlite3.connect(path, isolation_level=None)
    try:
        require_current(path, version_of(connection))
        if version_of(connection) == 0:
            connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
            # Whoever makes a new file puts it on the disk as a whole: twenty slow syncs fewer.
            connection.execute("PRAGMA synchronous = OFF")
        migrations = Migrations("netledger")
        for number, script in MIGRATIONS:
            migrations(name=f"version_{number}")(_step(number, script))
        migrations.apply(Database(connection))
    finally:
        connection.close()
    choose_journal(path)


def migrate_in_own_process(path: Path) -> None:
    """Migrate without keeping what sqlite-utils costs in the memory of a service that runs for years."""
    command = [sys.executable, "-m", "exporter.ledger.schema", str(path.absolute())]
    done = subprocess.run(  # noqa: S603 - our own module
        command, capture_output=True, text=True, check=False, cwd=PACKAGES
    )
    if done.returncode != 0:
        last = done.stderr.strip().rsplit("\n", 1)[-1].removeprefix("sqlite3.").removeprefix("OperationalError: ")
        reason = last or f"the process that prepares it was ended (exit code {done.returncode})"
        raise SchemaError(f"could not prepare {path}: {reason}; look at its disk and its folder, or set ledger.path")


def _step(number: int, script: str) -> Callable[[Database], None]:
    def apply(database: Database) -> None:
        for statement in filter(str.strip, script.split(";\n")):
            database.conn.execute(statement)
        database.conn.execute(f"PRAGMA user_version = {number}")

    return apply


if __name__ == "__main__":
    migrate(Path(sys.argv[1]))
