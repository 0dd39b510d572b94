"""A clock that had run ahead is right again: what it booked into the future moves to where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.schema import COUNTS, SPEEDS
from exporter.ledger.statements import ADD_DAY, ADD_MINUTE, ADD_SLOT
from exporter.metering.postings import SET_FORWARD
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS, moved_back
from reports.periods import day_number, day_of

if TYPE_CHECKING:
    import sqlite3
    from zoneinfo import ZoneInfo

    from exporter.metering.postings import Realign

DATED = (
    ("gap", "began"),
    ("gap", "ended"),
    ("incident", "at"),
    ("checkpoint", "began_at"),
    ("checkpoint", "read_at"),
    ("subject", "first_seen"),
    ("subject", "last_seen"),
)
"""Columns of instants (UTC seconds) that must not be later than now."""


class Realignment:
    """Moves rows within the writer's transaction; bytes are conserved, days included."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo) -> None:
        """`zone` is where the day rows are cut."""
        self._connection, self._zone = connection, zone

    def apply(self, realign: Realign) -> None:
        """Move what a clock that ran ahead booked into the future to where it belongs, days included."""
        since = self._ahead_since(realign)
        if since is None:
            return
        self._pull_back_minutes(realign, since)
        self._pull_back_slots(realign, since)
        self._pull_back_notes(realign, since)

    def _ahead_since(self, realign: Realign) -> int | None:
        """From when on (UTC seconds) rows were booked by a clock that ran ahead; None if none is known to be."""
        if not realign.is_only_known_ahead:
            return realign.after
        query = "SELECT min(at) FROM incident WHERE what = ? AND at > ?"
        since: int | None = self._connection.execute(query, (SET_FORWARD, realign.after)).fetchone()[0]
        return since

    def _pull_back_slots(self, realign: Realign, since: int) -> None:
        latest = max(realign.after // SLOT_SECONDS * SLOT_SECONDS, since - SLOT_SECONDS)
        columns = ", ".join((*COUNTS, "estimated_bytes", *SPEEDS))
        query = f"SELECT slot, subject, {columns} FROM slot WHERE slot > ?"  # noqa: S608 - names of our own schema
        rows = self._connection.execute(query, (latest,)).fetchall()
        if not rows:
            return
        self._connection.execute("DELETE FROM slot WHERE slot > ?", (latest,))
        touched: set[int] = set()
        for slot, subject, *amounts in rows:
            target = moved_back(slot, realign.after, realign.seconds, SLOT_SECONDS)
            self._connection.execute(ADD_SLOT, (target, subject, *amounts))
            self._move_between_days(slot, target, subject, amounts)
            touched.add(day_number(day_of(slot, self._zone)))
        self._drop_empty_days(touched)

    def _pull_back_notes(self, realign: Realign, since: int) -> None:
        """What is dated, and not usage: by the instant, with the same shift."""
        for table, column in DATED:
            moved = f"min({column} - :seconds, :after)"
            self._connection.execute(
                f"UPDATE {table} SET {column} = {moved} WHERE {column} > :after AND {column} >= :since",  # noqa: S608 - names of our own schema
                {"after": realign.after, "seconds": realign.seconds, "since": since},
            )

    def _pull_back_minutes(self, realign: Realign, since: int) -> None:
        latest = max(realign.after // MINUTE_SECONDS * MINUTE_SECONDS, since - MINUTE_SECONDS)
        rows = self._connection.execute("SELECT * FROM minute WHERE minute > ?", (latest,)).fetchall()
        self._connection.execute("DELETE FROM minute WHERE minute > ?", (latest,))
        self._connection.executemany(
            ADD_MINUTE,
            ((moved_back(row[0], realign.after, realign.seconds, MINUTE_SECONDS), *row[1:]) for row in rows),
        )

    def _move_between_days(self, slot: int, target: int, subject: int, amounts: list[int]) -> None:
        before, after = (day_number(day_of(seconds, self._zone)) for seconds in (slot, target))
        if before == after:
            return
        moved = len(COUNTS) + 1
        self._connection.execute(ADD_DAY, (after, subject, *amounts))
        less = [*(-amount for amount in amounts[:moved]), *(0 for _ in SPEEDS)]
        self._connection.execute(ADD_DAY, (before, subject, *less))

    def _drop_empty_days(self, days: set[int]) -> None:
        nothing = " AND ".join(f"{name} = 0" for name in COUNTS)
        self._connection.executemany(
            f"DELETE FROM day WHERE day = ? AND {nothing}",  # noqa: S608 - names of our own schema
            ((day,) for day in days),
        )
