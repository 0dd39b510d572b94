"""Version 1: tables of interfaces alone. A released version never changes: a change is a new migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

_COUNT_NAMES = (
    "receive_bytes",
    "transmit_bytes",
    "receive_packets",
    "transmit_packets",
    "receive_errors",
    "transmit_errors",
    "receive_drops",
    "transmit_drops",
)
_SPEED_NAMES = ("peak_receive_speed", "peak_transmit_speed", "peak_speed")
_COUNTS = ", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in _COUNT_NAMES)
_SPEEDS = ", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in _SPEED_NAMES)
_COUNT_LIST = ", ".join(_COUNT_NAMES)
_SPEED_LIST = ", ".join(_SPEED_NAMES)
_TOPS = ", ".join(f"max(u.{name}) AS {name}" for name in _SPEED_NAMES)
_ZEROED_COUNT_LIST = ", ".join(f"ifnull({name}, 0) AS {name}" for name in _COUNT_NAMES)
_ZEROED_SPEED_LIST = ", ".join(f"ifnull({name}, 0) AS {name}" for name in _SPEED_NAMES)
_SUMS = ", ".join(f"sum(u.{name}) AS {name}" for name in _COUNT_NAMES)

SCRIPT = f"""
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


def apply(connection: sqlite3.Connection) -> None:
    """Create the tables and views, within the caller's transaction."""
    for statement in filter(str.strip, SCRIPT.split(";\n")):
        connection.execute(statement)
