"""Rows of 1970 in a ledger that an older version wrote: a clock without a battery booked them, and none was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.realignment import Realignment, dated
from exporter.ledger.files import transaction
from exporter.ledger.writing.statements import NEXT_POSTING, PUT_STATE, REWRITTEN, merge
from exporter.metering.clock_repair import Move
from exporter.metering.spreading import SLOT_SECONDS
from reports.calendar.days import day_from_number, day_number, day_of, day_start

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reports.ledger.shape import MeterSpec

SANE = 946_684_800
"""2000-01-01T00:00:00Z: no machine that runs this has counted before."""


def gather_strays(connection: sqlite3.Connection, zone: ZoneInfo, specs: Sequence[MeterSpec]) -> None:
    """Move what lies before any sane time to just before what does not; every amount is conserved."""
    stray = day_number(day_of(SANE, zone))
    first_days = [_one(connection, f"SELECT min(day) FROM {spec.table('day')} WHERE day >= ?", stray) for spec in specs]  # noqa: S608 - names of the spec
    strays = (_one(connection, f"SELECT 1 FROM {spec.table('day')} WHERE day < ?", stray) for spec in specs)  # noqa: S608 - as above
    first_day = min((day for day in first_days if day is not None), default=None)
    if first_day is None or not any(strays):
        return
    with transaction(connection):
        _gather(connection, zone, specs, (first_day, stray))


def _gather(connection: sqlite3.Connection, zone: ZoneInfo, specs: Sequence[MeterSpec], days: tuple[int, int]) -> None:
    first_day, stray = days
    begins = day_start(day_from_number(first_day), zone)
    tables = [spec.table("slot") for spec in specs]
    sane = [_one(connection, f"SELECT min(slot) FROM {table} WHERE slot >= ?", SANE) for table in tables]  # noqa: S608 - names of the spec
    lost = [_one(connection, f"SELECT max(slot) FROM {table} WHERE slot < ?", SANE) for table in tables]  # noqa: S608 - as above
    first = min((slot for slot in sane if slot is not None), default=begins)
    last = max((slot for slot in lost if slot is not None), default=None)
    if last is not None:
        Realignment(connection, zone, specs).apply(Move(0, last + SLOT_SECONDS - 1, first - last - SLOT_SECONDS))
    number = connection.execute(NEXT_POSTING).fetchone()[0]
    for spec in specs:
        columns = ", ".join(spec.columns("day"))
        found = f"SELECT :first AS day, subject, {columns} FROM {spec.table('day')} WHERE day < :stray"  # noqa: S608 - as above
        connection.execute(merge(spec, "day", found), {"first": first_day, "stray": stray, "number": number})
        connection.execute(f"DELETE FROM {spec.table('day')} WHERE day < ?", (stray,))  # noqa: S608 - as above
    connection.execute(PUT_STATE, (REWRITTEN, str(number)))
    for table, column in dated(connection):
        query = f"UPDATE {table} SET {column} = ? WHERE {column} < ?"  # noqa: S608 - names of our own schema
        connection.execute(query, (begins, SANE))


def _one(connection: sqlite3.Connection, query: str, value: int) -> int | None:
    found: int | None = (connection.execute(query, (value,)).fetchone() or (None,))[0]
    return found
