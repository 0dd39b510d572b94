"""A ledger as version 1 of the schema kept it, with the rows of a newer one."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from reports.ledger.shape import INTERFACE

GOLDEN = Path(__file__).parent.parent / "golden"
RECORD = """
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('netledger', 'version_1', '2026-02-01');
"""
MOVABLE = f"""
CREATE TABLE IF NOT EXISTS movable (
  grain TEXT NOT NULL, subject INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
  back INTEGER NOT NULL DEFAULT 0, is_moved INTEGER NOT NULL DEFAULT 1,
  {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in INTERFACE.columns("slot"))}
) STRICT
"""
COPIED = {
    "slot": "interface_slot",
    "minute": "interface_minute",
    "day": "interface_day",
    "checkpoint": "interface_checkpoint",
    "movable": "interface_movable",
    "gap": "gap",
    "incident": "incident",
    "state": "state",
}
VIEWS = {
    "usage_by_slot": "started, device",
    "usage_by_minute": "started, device",
    "usage_by_day": "day, device",
    "usage_by_month": "month, device",
    "interface": "device",
    "epoch": "device",
}
"""The views of version 1, and what is unique in a row of each."""


def as_version_1(ledger: Path) -> None:
    """Replace a closed ledger by one of version 1 that holds the same."""
    former = ledger.with_name(ledger.name + ".former")
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    with contextlib.closing(sqlite3.connect(former)) as connection:
        connection.execute("PRAGMA page_size = 1024")
        connection.executescript((GOLDEN / "schema-1.sql").read_text(encoding="utf-8"))
        connection.executescript(RECORD)
        connection.execute(MOVABLE)
        connection.execute("ATTACH ? AS newer", (str(ledger),))
        connection.execute(
            "INSERT INTO subject SELECT s.id, s.meter, s.key, k.counted, k.uplink, s.first_seen, s.last_seen"
            " FROM newer.subject AS s JOIN newer.interface_subject AS k ON k.subject = s.id"
        )
        for table, source in COPIED.items():
            columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM newer.{source}")  # noqa: S608 - our own
        connection.execute(
            "INSERT INTO meter SELECT m.name, posting, boot_id, CAST(value AS INTEGER), wall, elapsed"
            " FROM newer.meter AS m JOIN state AS s ON s.name = 'namespace:' || m.name"
        )
        connection.execute("DELETE FROM state WHERE name LIKE 'namespace:%'")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
        connection.execute("DETACH newer")
        connection.execute("PRAGMA journal_mode = WAL")
    former.replace(ledger)


def rows_of_views(ledger: Path) -> dict[str, list[tuple[object, ...]]]:
    """All that the views of version 1 hold."""
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        return {
            view: connection.execute(f"SELECT * FROM {view} ORDER BY {order}").fetchall()  # noqa: S608 - our own
            for view, order in VIEWS.items()
        }
