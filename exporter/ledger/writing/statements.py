"""What is written into the ledger: the statements, and how a row counts its day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterable


COUNTER_BASE = "counter_base:"
"""State of a subject, by its id: the eight lifetime counts at which its counters of /metrics began again."""


def _upsert(table: str, time_column: str, sums: Iterable[str], peaks: Iterable[str]) -> str:
    sums, peaks = tuple(sums), tuple(peaks)
    columns = (time_column, "subject", *sums, *peaks)
    marks = ", ".join("?" * len(columns))
    adds = [f"{name} = {name} + excluded.{name}" for name in sums]
    tops = [f"{name} = max({name}, excluded.{name})" for name in peaks]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) "  # noqa: S608 - names of our own schema
        f"ON CONFLICT ({time_column}, subject) DO UPDATE SET {', '.join(adds + tops)}"
    )


ADD_SLOT = _upsert("slot", "slot", (*INTERFACE.sums, "estimated_bytes"), INTERFACE.peaks)
ADD_DAY = _upsert("day", "day", (*INTERFACE.sums, "estimated_bytes"), INTERFACE.peaks)
ADD_MINUTE = _upsert("minute", "minute", ("receive_bytes", "transmit_bytes"), INTERFACE.peaks)


PUT_CHECKPOINT = f"""
INSERT OR REPLACE INTO checkpoint (
  subject, epoch, counter_bits, {", ".join(INTERFACE.sums)}, began_at, base_receive_bytes, base_transmit_bytes,
  ledger_receive_bytes, ledger_transmit_bytes, discarded_receive_bytes, discarded_transmit_bytes, read_at
) VALUES ({", ".join("?" * 19)})
"""  # noqa: S608 - names of our own schema
PUT_METER = """
INSERT INTO meter (name, posting, boot_id, namespace, wall, elapsed)
VALUES (:name, :posting, :boot_id, :namespace, :wall, :elapsed)
ON CONFLICT (name) DO UPDATE SET posting = :posting, boot_id = :boot_id, namespace = :namespace,
  wall = :wall, elapsed = :elapsed
"""
PUT_SUBJECT = """
INSERT INTO subject (kind, name, counted, uplink, first_seen, last_seen)
VALUES (:kind, :name, :counted, :uplink, :first_seen, :last_seen)
ON CONFLICT (kind, name) DO UPDATE SET counted = :counted, uplink = :uplink,
  last_seen = max(last_seen, :last_seen)
"""
