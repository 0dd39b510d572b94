"""Rows of 1970 in a ledger that an older version wrote: a clock without a battery booked them, and none was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.realignment import DATED, Realignment
from exporter.ledger.writing.statements import ADD_DAY
from exporter.metering.clock_repair import Move
from exporter.metering.spreading import SLOT_SECONDS
from reports.calendar.periods import day_number, day_numbered, day_of, day_start
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from zoneinfo import ZoneInfo

SANE = 946_684_800
"""2000-01-01T00:00:00Z: no machine that runs this has counted before."""


def gather_strays(connection: sqlite3.Connection, zone: ZoneInfo) -> None:
    """Move what lies before any sane time to just before what does not; bytes are conserved."""
    stray = day_number(day_of(SANE, zone))
    first_day = _one(connection, "SELECT min(day) FROM day WHERE day >= ?", stray)
    if first_day is None or _one(connection, "SELECT 1 FROM day WHERE day < ?", stray) is None:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        _gather(connection, zone, first_day, stray)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _gather(connection: sqlite3.Connection, zone: ZoneInfo, first_day: int, stray: int) -> None:
    begins = day_start(day_numbered(first_day), zone)
    sane = _one(connection, "SELECT min(slot) FROM slot WHERE slot >= ?", SANE) or begins
    last = _one(connection, "SELECT max(slot) FROM slot WHERE slot < ?", SANE)
    if last is not None:
        Realignment(connection, zone).apply(Move(0, last + SLOT_SECONDS - 1, sane - last - SLOT_SECONDS))
    columns = ", ".join((*INTERFACE.sums, "estimated_bytes", *INTERFACE.peaks))
    rows = connection.execute(f"SELECT subject, {columns} FROM day WHERE day < ?", (stray,)).fetchall()  # noqa: S608
    connection.execute("DELETE FROM day WHERE day < ?", (stray,))
    connection.executemany(ADD_DAY, ((first_day, *row) for row in rows))
    for table, column in DATED:
        query = f"UPDATE {table} SET {column} = ? WHERE {column} < ?"  # noqa: S608 - names of our own schema
        connection.execute(query, (begins, SANE))


def _one(connection: sqlite3.Connection, query: str, value: int) -> int | None:
    found: int | None = (connection.execute(query, (value,)).fetchone() or (None,))[0]
    return found
