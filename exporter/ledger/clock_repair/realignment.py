"""A clock that was set: what it had booked moves to where it belongs, forward as backward."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.movable import GRAINS, SUMS, Movable
from exporter.ledger.writing.statements import ADD_DAY, ADD_MINUTE, ADD_SLOT
from exporter.metering.clock_repair import Move, PutBack, Realign, Settle
from reports.calendar.periods import Period, day_number, day_numbered, day_of
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

    from exporter.ledger.clock_repair.movable import Row
    from exporter.metering.clock_repair import Change

DATED = (
    ("gap", "began"),
    ("gap", "ended"),
    ("incident", "at"),
    ("checkpoint", "began_at"),
    ("checkpoint", "read_at"),
    ("subject", "first_seen"),
    ("subject", "last_seen"),
)
"""Columns of instants (UTC seconds) that follow the clock as usage does."""

DOUBTED = "doubted_notes"
"""State: instants that were moved back in doubt, as they were."""


class Realignment:
    """Moves rows within the writer's transaction; bytes are conserved, days included."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo) -> None:
        """`zone` is where the day rows are cut."""
        self._connection, self._zone = connection, zone
        self._movable = Movable(connection)

    def apply(self, change: Change) -> None:
        """Do to the ledger what a clock that was set asks of it."""
        if isinstance(change, Settle):
            self._movable.settle()
        elif isinstance(change, Move):
            self._move(change)
        elif isinstance(change, Realign):
            self._pull_back(change)
        else:
            self._put_back(change)
        if not isinstance(change, Settle):
            self._movable.share()

    def _move(self, move: Move) -> None:
        movable, stretch = self._movable, (move.began, move.ended)
        for grain, step in GRAINS.items():
            others: list[Row] = []
            young = movable.found(grain, max(move.began // step * step, movable.shared_until()), stretch)
            for row in movable.rows(grain):
                (young if not row.back and move.began <= row.began <= move.ended else others).append(row)
            movable.replace(grain, [*others, *self._relocate(young, lambda row: row.shifted(move.seconds))])
        for table, column in DATED:
            self._connection.execute(
                f"UPDATE {table} SET {column} = max({column} + ?, 0) WHERE {column} BETWEEN ? AND ?",  # noqa: S608 - our own names
                (move.seconds, *stretch),
            )

    def _pull_back(self, realign: Realign) -> None:
        """Everything that is later than the clock, whoever booked it; what is moved in doubt keeps where it was."""
        movable, (after, seconds, is_doubtful, began) = self._movable, realign

        def earlier(row: Row) -> Row:
            moved = row.shifted(-max(seconds, row.ended - 1 - after))
            return moved._replace(back=row.back + row.began - moved.began if is_doubtful or row.back else 0)

        for grain, step in GRAINS.items():
            first, last = after // step * step + step, self._last(grain) + step
            ahead: list[Row] = []
            held: list[Row] = []
            for row in movable.rows(grain):
                (ahead if row.ended - 1 > after or (0 < began <= row.began and not row.back) else held).append(row)
            if 0 < began < after:
                alone = max(movable.shared_until(), began // step * step)
                ahead += movable.found(grain, alone, (began, first - 1))
            ahead += movable.found(grain, first, (after, last))
            moved = self._relocate(ahead, earlier)
            movable.replace(grain, [*held, *moved])
        if is_doubtful:
            self._remember_notes(began or after + 1)
        for table, column in DATED:
            self._connection.execute(
                f"UPDATE {table} SET {column} = min({column} - :seconds, :after) WHERE {column} >= :since",  # noqa: S608 - our own names
                {"after": after, "seconds": seconds, "since": min(began or after + 1, after + 1)},
            )

    def _last(self, table: str) -> int:
        last: int = self._connection.execute(f"SELECT ifnull(max({table}), 0) FROM {table}").fetchone()[0]  # noqa: S608
        return last

    def _put_back(self, change: PutBack) -> None:
        movable = self._movable
        for grain, step in GRAINS.items():
            first = max(change.began // step * step, movable.shared_until())
            held = movable.rows(grain) + movable.found(grain, first, change)
            self._relocate([row for row in held if row.back], lambda row: row.shifted(row.back))
            movable.replace(grain, [row for row in held if not row.back])
        for table, column, number, at in self._doubted_notes():
            query = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608 - our own names
            self._connection.execute(query, (at, number))
        self._connection.execute("DELETE FROM state WHERE name = ?", (DOUBTED,))

    def _relocate(self, rows: Iterable[Row], place: Callable[[Row], Row]) -> list[Row]:
        """Take each row out of its slots or minutes and book it where it belongs; what retention deleted is let go."""
        moved = []
        touched: set[int] = set()
        for row in rows:
            target = place(row)
            if self._withdraw(row, touched):
                for start, amounts in target.cells():
                    self._book(target, start, amounts, touched)
                moved.append(target)
        self._tidy_days(touched)
        return moved

    def _withdraw(self, row: Row, touched: set[int]) -> bool:
        cells = list(row.cells())
        execute, names = self._connection.execute, SUMS if row.grain == "slot" else INTERFACE.sums[:2]
        where = f"WHERE {row.grain} = ? AND subject = ?"
        held = f"SELECT 1 FROM {row.grain} {where}"  # noqa: S608 - our own names
        if not all(execute(held, (start, row.subject)).fetchone() for start, _ in cells):
            return False
        less = ", ".join(f"{name} = {name} - ?" for name in names)
        nothing = " AND ".join(f"{name} = 0" for name in names)
        for start, amounts in cells:
            execute(f"UPDATE {row.grain} SET {less} {where}", (*amounts[: len(names)], start, row.subject))  # noqa: S608
            execute(f"DELETE FROM {row.grain} {where} AND {nothing}", (start, row.subject))  # noqa: S608
            if row.grain == "slot":
                self._add_to_day(
                    start, row.subject, [*(-value for value in amounts[: len(SUMS)]), *(0 for _ in INTERFACE.peaks)]
                )
                touched.add(day_number(day_of(start, self._zone)))
        return True

    def _book(self, row: Row, start: int, amounts: list[int], touched: set[int]) -> None:
        if row.grain == "minute":
            self._connection.execute(ADD_MINUTE, (start, row.subject, *amounts[:2], *amounts[len(SUMS) :]))
            return
        self._connection.execute(ADD_SLOT, (start, row.subject, *amounts))
        self._add_to_day(start, row.subject, amounts)
        touched.add(day_number(day_of(start, self._zone)))

    def _add_to_day(self, start: int, subject: int, amounts: list[int]) -> None:
        day = day_number(day_of(start, self._zone))
        self._connection.execute(ADD_DAY, (day, subject, *amounts))

    def _tidy_days(self, days: set[int]) -> None:
        """No day is left that holds nothing, and none keeps the peak of what has moved away."""
        nothing = " AND ".join(f"{name} = 0" for name in SUMS)
        highest = ", ".join(
            f"{name} = ifnull((SELECT max({name}) FROM slot WHERE slot.subject = day.subject"  # noqa: S608
            f" AND slot >= :start AND slot < :end), {name})"
            for name in INTERFACE.peaks
        )
        for day in days:
            period = Period.day(day_numbered(day), self._zone)
            self._connection.execute(f"DELETE FROM day WHERE day = ? AND {nothing}", (day,))  # noqa: S608 - our own names
            self._connection.execute(
                f"UPDATE day SET {highest} WHERE day = :day",  # noqa: S608 - our own names
                {"start": period.start, "end": period.end, "day": day},
            )

    def _remember_notes(self, since: int) -> None:
        notes = [*self._doubted_notes()]
        known = {tuple(note[:3]) for note in notes}
        for table, column in DATED:
            query = f"SELECT rowid, {column} FROM {table} WHERE {column} >= ?"  # noqa: S608 - our own names
            found = self._connection.execute(query, (since,))
            notes.extend([table, column, number, at] for number, at in found if (table, column, number) not in known)
        self._connection.execute(
            "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (DOUBTED, json.dumps(notes))
        )

    def _doubted_notes(self) -> list[list[str | int]]:
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", (DOUBTED,)).fetchone()
        return json.loads(row[0]) if row else []
