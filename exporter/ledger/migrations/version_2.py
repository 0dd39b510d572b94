"""Version 2: tables of each meter, made from its spec. A released version never changes: a change is a new migration.

The tables of version 1 are renamed, whatever their size: a ledger of ten years is migrated in milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.tables import merged, tables_of, views_of
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_FORMER_VIEWS = ("usage_by_slot", "usage_by_minute", "usage_by_day", "usage_by_month", "interface", "epoch")
# AUTOINCREMENT: a copy of the ledger knows by its id a subject that was folded, should one of its name come back.
_SUBJECT = """
CREATE TABLE subject (
  id INTEGER PRIMARY KEY AUTOINCREMENT, meter TEXT NOT NULL, key TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, UNIQUE (meter, key)
) STRICT
"""
_HOST = """
CREATE TABLE host (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, system TEXT NOT NULL, zone TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""
_IMPORTED = f"""
CREATE TABLE imported (
  source TEXT NOT NULL, subject INTEGER NOT NULL REFERENCES subject (id),
  first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
  {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in INTERFACE.sums)},
  PRIMARY KEY (source, subject, first_day)
) STRICT, WITHOUT ROWID
"""

_USAGE = ", ".join(INTERFACE.columns("slot"))
_MINUTE_USAGE = ", ".join(INTERFACE.columns("minute"))
_ZEROED = ", ".join(f"ifnull({name}, 0) AS {name}" for name in INTERFACE.columns("day"))
_EVER = ", ".join(
    f"{total} AS {name}" for name, total in zip(INTERFACE.columns("day"), merged(INTERFACE, "day"), strict=True)
)
VIEWS_OF_VERSION_1 = f"""
CREATE VIEW usage_by_slot AS
  SELECT started, started_utc, 'interface' AS kind, device, counted, {_USAGE} FROM interface_by_slot;
CREATE VIEW usage_by_minute AS
  SELECT started, started_utc, 'interface' AS kind, device, counted, {_MINUTE_USAGE} FROM interface_by_minute;
CREATE VIEW usage_by_day AS
  SELECT day, date, 'interface' AS kind, device, counted, {_USAGE} FROM interface_by_day;
CREATE VIEW usage_by_month AS
  SELECT month, 'interface' AS kind, device, counted, {", ".join(INTERFACE.added("day"))}, peak_speed, days
  FROM interface_by_month;
CREATE VIEW interface AS
  SELECT k.device, k.counted, k.uplink, s.first_seen, s.last_seen, {_ZEROED}
  FROM subject AS s JOIN interface_subject AS k ON k.subject = s.id LEFT JOIN (
    SELECT subject, {_EVER} FROM interface_day GROUP BY subject
  ) AS ever ON ever.subject = s.id;
CREATE VIEW epoch AS
  SELECT k.device, 'interface' AS kind, k.counted, c.epoch, c.began_at, c.read_at,
         c.receive_bytes, c.transmit_bytes, c.base_receive_bytes, c.base_transmit_bytes,
         c.ledger_receive_bytes, c.ledger_transmit_bytes, c.discarded_receive_bytes, c.discarded_transmit_bytes
  FROM interface_checkpoint AS c JOIN interface_subject AS k ON k.subject = c.subject
"""  # noqa: S608 - names of the spec
"""The views of version 1, for one release: the same columns, of the interface meter alone."""


def apply(connection: sqlite3.Connection) -> None:
    """Rename the tables of version 1, and create what is new, within the caller's transaction."""
    for statement in _statements():
        connection.execute(statement)
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'movable'").fetchone():
        columns = ", ".join(("grain", "subject", "began", "ended", "back", "is_moved", *INTERFACE.columns("slot")))
        connection.execute(f"INSERT INTO interface_movable ({columns}) SELECT {columns} FROM movable")  # noqa: S608 - names of the spec
        connection.execute("DROP TABLE movable")


def _statements() -> Iterator[str]:
    yield from (f"DROP VIEW {name}" for name in _FORMER_VIEWS)
    yield "CREATE TEMP TABLE former AS SELECT * FROM subject"
    yield "DROP TABLE subject"
    yield _SUBJECT
    yield "INSERT INTO subject SELECT id, kind, name, first_seen, last_seen FROM temp.former"
    yield tables_of(INTERFACE)[INTERFACE.subjects]
    yield "INSERT INTO interface_subject SELECT id, name, counted, uplink FROM temp.former WHERE kind = 'interface'"
    yield "DROP TABLE temp.former"
    for grain in INTERFACE.grains:
        yield f"ALTER TABLE {grain} RENAME TO {INTERFACE.table(grain)}"
        yield f"ALTER TABLE {INTERFACE.table(grain)} ADD COLUMN posting INTEGER NOT NULL DEFAULT 0"
    yield """
        INSERT INTO state (name, value)
        SELECT 'namespace:interface', CAST(namespace AS TEXT) FROM meter WHERE name = 'interface'
    """
    yield "ALTER TABLE meter DROP COLUMN namespace"
    yield "ALTER TABLE checkpoint RENAME TO interface_checkpoint"
    yield "ALTER TABLE incident ADD COLUMN meter TEXT NOT NULL DEFAULT ''"
    yield "UPDATE incident SET meter = 'interface' WHERE subject <> ''"
    # Instants that were moved back in doubt name the table that they are in.
    yield """
        UPDATE state SET value = replace(value, '"checkpoint"', '"interface_checkpoint"') WHERE name = 'doubted_notes'
    """
    yield """UPDATE state SET value = replace(value, '"told"', '"furthest"') WHERE name = 'clock:interface'"""
    yield tables_of(INTERFACE)[INTERFACE.movable]
    yield _HOST
    yield _IMPORTED
    yield from views_of(INTERFACE).values()
    yield from VIEWS_OF_VERSION_1.split(";\n")
