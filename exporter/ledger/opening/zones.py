"""Day rows are cut in one zone; when the zone of the settings changes, the days that slots still cover are cut anew."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from exporter.ledger.writing.statements import ADD_DAY
from reports.calendar.periods import day_number, day_of, day_start
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from datetime import date
    from zoneinfo import ZoneInfo

DAYS_TRIED = 5
"""Days at the old end of the slots that retention and earlier changes of the zone may have left incomplete."""


def zone_of(connection: sqlite3.Connection) -> str:
    """The zone that the day rows are cut in; empty in a new ledger."""
    row = connection.execute("SELECT value FROM state WHERE name = 'timezone'").fetchone()
    return str(row[0]) if row else ""


def adopt_zone(connection: sqlite3.Connection, zone: ZoneInfo, former: ZoneInfo | None) -> None:
    """Make `zone` the ledger's, and cut the days anew that slots still cover. Totals stay the same to the byte.

    Days before the first one that slots cover whole in the former zone stay as they were cut.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        if former is not None:
            _cut_anew(connection, zone, former)
        connection.execute(
            "INSERT INTO state (name, value) VALUES ('timezone', ?) ON CONFLICT (name) DO UPDATE SET value = ?",
            (zone.key, zone.key),
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _cut_anew(connection: sqlite3.Connection, zone: ZoneInfo, former: ZoneInfo) -> None:
    oldest = connection.execute("SELECT min(slot) FROM slot").fetchone()[0]
    if oldest is None:
        return
    first = _first_whole_day(connection, oldest, former)
    if first is None:
        return
    since = day_start(first, former)
    columns = ", ".join((*INTERFACE.sums, "estimated_bytes", *INTERFACE.peaks))
    days: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * (len(INTERFACE.sums) + 1 + len(INTERFACE.peaks)))
    query = f"SELECT slot, subject, {columns} FROM slot WHERE slot >= ?"  # noqa: S608 - names of our own schema
    for slot, subject, *amounts in connection.execute(query, (since,)):
        _add(days[day_number(day_of(slot, zone)), subject], amounts)
    connection.execute("DELETE FROM day WHERE day >= ?", (day_number(first),))
    connection.executemany(ADD_DAY, ((*key, *amounts) for key, amounts in days.items()))


def _first_whole_day(connection: sqlite3.Connection, oldest: int, former: ZoneInfo) -> date | None:
    """The first day of the former zone from which on slots and days hold the same, interface by interface.

    The oldest day may have lost slots already, and where days were cut anew before, so may the next ones.
    """
    day = day_of(oldest, former)
    for candidate in (day + timedelta(days=number) for number in range(DAYS_TRIED)):
        slots = _sums_since(connection, "slot", day_start(candidate, former))
        if slots == _sums_since(connection, "day", day_number(candidate)):
            return candidate
    return None


def _sums_since(connection: sqlite3.Connection, table: str, start: int) -> dict[int, tuple[int, int]]:
    query = f"""
        SELECT subject, sum(receive_bytes), sum(transmit_bytes) FROM {table} WHERE {table} >= ? GROUP BY subject
    """  # noqa: S608 - names of our own schema
    sums = {subject: (received, sent) for subject, received, sent in connection.execute(query, (start,))}
    return {subject: pair for subject, pair in sums.items() if any(pair)}


def _add(total: list[int], amounts: list[int]) -> None:
    sums = len(INTERFACE.sums) + 1
    for number, amount in enumerate(amounts):
        total[number] = total[number] + amount if number < sums else max(total[number], amount)
