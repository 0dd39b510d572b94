"""Day rows of every interface, for the running totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.subjects import Subject
from exporter.metering.totals import DayRow
from reports.calendar.days import day_from_number
from reports.calendar.history_length import MONTHS_KEPT
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import date

QUERY = """
SELECT device, day, receive_bytes, transmit_bytes, peak_receive_speed, peak_transmit_speed, peak_speed
FROM interface_by_day
WHERE day BETWEEN (SELECT ifnull(max(day), 0) FROM interface_day WHERE day <= :last) - :days AND :last
"""
LAST_DAY = 2_932_896
"""The number of 9999-12-31: what is later is damage, and no date."""


def read_history(connection: sqlite3.Connection) -> Iterator[DayRow]:
    """The days of the last two years, as far as the totals have them; one at a time."""
    days = (MONTHS_KEPT + 2) * 31
    for device, day, received, transmitted, *peaks in connection.execute(QUERY, {"days": days, "last": LAST_DAY}):
        yield DayRow(Subject(INTERFACE.name, (device,)), day_from_number(day), received, transmitted, tuple(peaks))


def read_first_day(connection: sqlite3.Connection) -> date | None:
    """The first local day of which the ledger holds bytes; None before there is one."""
    query = """
        SELECT min(day) FROM interface_by_day WHERE day BETWEEN 0 AND ? AND receive_bytes + transmit_bytes > 0
    """
    (day,) = connection.execute(query, (LAST_DAY,)).fetchone()
    return None if day is None else day_from_number(day)


def read_notices(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Notices that the user has not put away yet, newest first."""
    rows = connection.execute("SELECT what, detail FROM incident WHERE seen = 0 ORDER BY id DESC")
    return tuple(f"{what}: {detail}" for what, detail in rows)


def mark_notices_seen(connection: sqlite3.Connection) -> None:
    """Put all notices away."""
    connection.execute("UPDATE incident SET seen = 1 WHERE seen = 0")
