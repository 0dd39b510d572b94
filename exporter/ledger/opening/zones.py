"""Day rows are cut in one zone; when the zone of the settings changes, the days that slots still cover are cut anew."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from exporter.ledger.files import transaction
from exporter.ledger.writing.statements import NEXT_POSTING, PUT_STATE, REWRITTEN, merge
from reports.calendar.days import day_number, day_of, day_start

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.ledger.shape import MeterSpec

DAYS_TRIED = 5
"""Days at the old end of the slots that retention and earlier changes of the zone may have left incomplete."""


def zone_of(connection: sqlite3.Connection) -> str:
    """The zone that the day rows are cut in; empty in a new ledger."""
    row = connection.execute("SELECT value FROM state WHERE name = 'timezone'").fetchone()
    return str(row[0]) if row else ""


def adopt_zone(
    connection: sqlite3.Connection, zone: ZoneInfo, former: ZoneInfo | None, specs: Iterable[MeterSpec]
) -> None:
    """Make `zone` the ledger's, and cut the days anew that slots still cover. Totals stay the same to the byte.

    Days before the first one that slots cover whole in the former zone stay as they were cut.
    """
    with transaction(connection):
        if former is not None:
            connection.create_function("day_of", 1, lambda slot: day_number(day_of(slot, zone)), deterministic=True)
            number = connection.execute(NEXT_POSTING).fetchone()[0]
            for spec in specs:
                _cut_anew(connection, spec, former, number)
            connection.execute(PUT_STATE, (REWRITTEN, str(number)))
        connection.execute(PUT_STATE, ("timezone", zone.key))


def _cut_anew(connection: sqlite3.Connection, spec: MeterSpec, former: ZoneInfo, number: int) -> None:
    oldest = connection.execute(f"SELECT min(slot) FROM {spec.table('slot')}").fetchone()[0]  # noqa: S608 - names of the spec
    first = None if oldest is None else _first_whole_day(connection, spec, oldest, former)
    if first is None:
        return
    columns = ", ".join(spec.columns("day"))
    slots = f"SELECT day_of(slot) AS day, subject, {columns} FROM {spec.table('slot')} WHERE slot >= :since"  # noqa: S608 - as above
    connection.execute(f"DELETE FROM {spec.table('day')} WHERE day >= ?", (day_number(first),))  # noqa: S608 - as above
    connection.execute(merge(spec, "day", slots), {"since": day_start(first, former), "number": number})


def _first_whole_day(connection: sqlite3.Connection, spec: MeterSpec, oldest: int, former: ZoneInfo) -> date | None:
    """The first day of the former zone from which on slots and days hold the same of every subject.

    The oldest day may have lost slots already, and where days were cut anew before, so may the next ones.
    """
    day = day_of(oldest, former)
    for candidate in (day + timedelta(days=number) for number in range(DAYS_TRIED)):
        slots = _sums_since(connection, spec, "slot", day_start(candidate, former))
        if slots == _sums_since(connection, spec, "day", day_number(candidate)):
            return candidate
    return None


def _sums_since(connection: sqlite3.Connection, spec: MeterSpec, grain: str, start: int) -> set[tuple[int, ...]]:
    sums = ", ".join(f"sum({name})" for name in spec.sums)
    query = f"SELECT subject, {sums} FROM {spec.table(grain)} WHERE {grain} >= ? GROUP BY subject"  # noqa: S608 - names of the spec
    return {row for row in connection.execute(query, (start,)) if any(row[1:])}
