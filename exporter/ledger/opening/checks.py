"""Checks of what a ledger holds: what is wrong in it although SQLite finds the file whole."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exporter.ledger.opening.history import LAST_DAY
from exporter.ledger.opening.zones import DAYS_TRIED, zone_of
from reports.calendar.days import ONE_DAY, day_from_number, day_number, day_of, day_start
from reports.ledger.shape import SPECS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from reports.ledger.shape import MeterSpec

MOST_REPORTED = 20
TIMES = {"slot": "slot % 900 = 0", "minute": "minute % 60 = 0", "day": f"day BETWEEN 0 AND {LAST_DAY}"}
"""The rule that the time of a row keeps, by grain."""

CHECKPOINTS = """
SELECT k.device, c.receive_bytes - c.base_receive_bytes - c.discarded_receive_bytes + c.ledger_receive_bytes,
       ifnull(sum(d.receive_bytes), 0),
       c.transmit_bytes - c.base_transmit_bytes - c.discarded_transmit_bytes + c.ledger_transmit_bytes,
       ifnull(sum(d.transmit_bytes), 0)
FROM interface_checkpoint AS c JOIN interface_subject AS k ON k.subject = c.subject
  LEFT JOIN interface_day AS d ON d.subject = c.subject
WHERE c.epoch NOT LIKE 'renamed/%'
GROUP BY c.subject
"""


def faults_in(connection: sqlite3.Connection, specs: Iterable[MeterSpec] = SPECS) -> list[str]:
    """Wrong values, a sentence each, the first twenty; call it within one transaction. Half a second for 400 days.

    Days are compared with their quarter hours, and each interface's days with its last reading: the epoch's base,
    what the ledger held then and what was discarded since explain every byte of it. A meter that the ledger does not
    know yet has no fault.
    """
    found: list[str] = []
    held = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    for fault in _faults(connection, [spec for spec in specs if spec.subjects in held]):
        if len(found) == MOST_REPORTED:
            return [*found, "and more"]
        found.append(fault)
    return found


def _faults(connection: sqlite3.Connection, specs: Sequence[MeterSpec]) -> Iterator[str]:
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchall():
        yield f"{table}: a row is of a {parent} that is not there"
    for spec in specs:
        for grain in spec.grains:
            amounts = " OR ".join(f"{name} < 0" for name in (*spec.added(grain), *spec.peaks))
            query = f"SELECT {grain}, subject FROM {spec.table(grain)} WHERE NOT ({TIMES[grain]}) OR {amounts}"  # noqa: S608 - names of the spec
            for time, subject in connection.execute(query):
                yield f"{grain} {time} of subject {subject} has an impossible value"
    for name, received, days_received, sent, days_sent in connection.execute(CHECKPOINTS):
        if (received, sent) != (days_received, days_sent):
            off = abs(received - days_received) + abs(sent - days_sent)
            yield f"{name}: its days and its last reading differ by {off:,} bytes"
    name = zone_of(connection)
    if not name:  # a new ledger
        return
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        yield "the zone of its days is none"
        return
    for spec in specs:
        yield from _differing_days(connection, zone, spec)


def _differing_days(connection: sqlite3.Connection, zone: ZoneInfo, spec: MeterSpec) -> Iterator[str]:
    """Days that slots cover whole and that hold something else; the oldest may have been cut in another zone."""
    table = spec.table("slot")
    bounds = connection.execute(
        f"SELECT min(slot), max(slot) FROM {table} WHERE slot BETWEEN 0 AND ?",  # noqa: S608 - names of the spec
        (LAST_DAY * 86_400,),
    )
    oldest, newest = bounds.fetchone()
    if oldest is None:
        return
    first, last = day_of(oldest, zone) + timedelta(days=DAYS_TRIED), day_of(newest, zone)
    sums = ", ".join(f"ifnull(sum({name}), 0)" for name in spec.added("day"))
    slots = f"SELECT subject, {sums} FROM {table} WHERE slot >= ? AND slot < ? GROUP BY subject"  # noqa: S608 - names of the spec
    days = f"SELECT subject, {sums} FROM {spec.table('day')} WHERE day = ? GROUP BY subject"  # noqa: S608 - as above
    for number in range(day_number(first), day_number(last) + 1):
        day = day_from_number(number)
        bounds_of_day = (day_start(day, zone), day_start(day + ONE_DAY, zone))
        held = {row for row in connection.execute(days, (number,)) if any(row[1:])}
        if held != {row for row in connection.execute(slots, bounds_of_day) if any(row[1:])}:
            yield f"{day.isoformat()} and its quarter hours differ"
