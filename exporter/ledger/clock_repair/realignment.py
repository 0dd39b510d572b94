"""A clock that was set: the usage of every meter moves from where the clock had booked it, forward as backward."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.movable import GRAINS, Movable, share, shared_until
from exporter.ledger.writing.statements import NEXT_POSTING, PUT_STATE, REWRITTEN, add, nothing, withdraw
from exporter.metering.clock_repair import Move, PutBack, Realign, Settle
from reports.calendar.days import day_from_number, day_number, day_of
from reports.calendar.period import Period

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from zoneinfo import ZoneInfo

    from exporter.ledger.clock_repair.movable import Cell, MovableRow
    from exporter.metering.clock_repair import ClockChange
    from reports.ledger.shape import MeterSpec

DOUBTED = "doubted_notes"
"""State: instants that were moved back in doubt, as they were."""


class Realignment:
    """Moves rows of all meters within the writer's transaction; every amount is conserved, days included."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo, specs: Sequence[MeterSpec]) -> None:
        """`zone` is where the day rows are cut."""
        self._connection, self._specs = connection, specs
        self._meters = [_MeterRows(connection, zone, spec) for spec in specs]

    def apply(self, change: ClockChange) -> None:
        """Follow a clock that was set."""
        if isinstance(change, Settle):
            for meter in self._meters:
                meter.movable.settle()
        elif isinstance(change, Move):
            self._move(change)
        elif isinstance(change, Realign):
            self._pull_back(change)
        else:
            self._put_back(change)
        share(self._connection, self._specs)
        if not isinstance(change, Settle):
            number = self._connection.execute(NEXT_POSTING).fetchone()[0]
            self._connection.execute(PUT_STATE, (REWRITTEN, str(number)))

    def _move(self, move: Move) -> None:
        until = shared_until(self._connection)
        for meter in self._meters:
            meter.move(move, until)
        for table, column in dated(self._connection):
            self._connection.execute(
                f"UPDATE {table} SET {column} = max({column} + ?, 0) WHERE {column} BETWEEN ? AND ?",  # noqa: S608 - our own names
                (move.seconds, move.began, move.ended),
            )

    def _pull_back(self, realign: Realign) -> None:
        """Everything that is later than the clock; what is moved in doubt keeps where it was."""
        until = shared_until(self._connection)
        for meter in self._meters:
            meter.pull_back(realign, until)
        after, seconds, is_doubtful, began = realign
        if is_doubtful:
            self._remember_notes(began or after + 1)
        for table, column in dated(self._connection):
            self._connection.execute(
                f"UPDATE {table} SET {column} = min({column} - :seconds, :after) WHERE {column} >= :since",  # noqa: S608 - our own names
                {"after": after, "seconds": seconds, "since": min(began or after + 1, after + 1)},
            )

    def _put_back(self, change: PutBack) -> None:
        until = shared_until(self._connection)
        for meter in self._meters:
            meter.put_back(change, until)
        for table, column, number, at in self._doubted_notes():
            query = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"  # noqa: S608 - our own names
            self._connection.execute(query, (at, number))
        self._connection.execute("DELETE FROM state WHERE name = ?", (DOUBTED,))

    def _remember_notes(self, since: int) -> None:
        notes = [*self._doubted_notes()]
        known = {tuple(note[:3]) for note in notes}
        for table, column in dated(self._connection):
            query = f"SELECT rowid, {column} FROM {table} WHERE {column} >= ?"  # noqa: S608 - our own names
            found = self._connection.execute(query, (since,))
            notes.extend([table, column, number, at] for number, at in found if (table, column, number) not in known)
        self._connection.execute(PUT_STATE, (DOUBTED, json.dumps(notes)))

    def _doubted_notes(self) -> list[list[str | int]]:
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", (DOUBTED,)).fetchone()
        return json.loads(row[0]) if row else []


class _MeterRows:
    """The rows of one meter that follow the clock."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo, spec: MeterSpec) -> None:
        self._connection, self._zone, self._spec = connection, zone, spec
        self.movable = Movable(connection, spec)
        self._number: int = connection.execute(NEXT_POSTING).fetchone()[0]
        self._sums = len(spec.added("slot"))

    def move(self, move: Move, until: int) -> None:
        """Move what was booked in an interval by some seconds."""
        movable = self.movable
        for grain in movable.grains:
            others: list[MovableRow] = []
            young = movable.found(grain, max(_start(move.began, grain), until), (move.began, move.ended))
            for row in movable.rows(grain):
                (young if not row.back and move.began <= row.began <= move.ended else others).append(row)
            movable.replace(grain, [*others, *self._relocate(young, lambda row: row.shifted(move.seconds))])

    def pull_back(self, realign: Realign, until: int) -> None:
        """Move what is later than the clock back."""
        movable, (after, seconds, is_doubtful, began) = self.movable, realign

        def earlier(row: MovableRow) -> MovableRow:
            moved = row.shifted(-max(seconds, row.ended - 1 - after))
            return moved._replace(back=row.back + row.began - moved.began if is_doubtful or row.back else 0)

        for grain in movable.grains:
            first, last = _start(after, grain) + GRAINS[grain], self._last(grain) + GRAINS[grain]
            ahead: list[MovableRow] = []
            held: list[MovableRow] = []
            for row in movable.rows(grain):
                (ahead if row.ended - 1 > after or (0 < began <= row.began and not row.back) else held).append(row)
            if 0 < began < after:
                ahead += movable.found(grain, max(until, _start(began, grain)), (began, first - 1))
            ahead += movable.found(grain, first, (after, last))
            movable.replace(grain, [*held, *self._relocate(ahead, earlier)])

    def put_back(self, change: PutBack, until: int) -> None:
        """Move what was moved back in doubt to where it was."""
        movable = self.movable
        for grain in movable.grains:
            held = movable.rows(grain) + movable.found(grain, max(_start(change.began, grain), until), change)
            self._relocate([row for row in held if row.back], lambda row: row.shifted(row.back))
            movable.replace(grain, [row for row in held if not row.back])

    def _last(self, grain: str) -> int:
        query = f"SELECT ifnull(max({grain}), 0) FROM {self._spec.table(grain)}"  # noqa: S608 - names of the spec
        return int(self._connection.execute(query).fetchone()[0])

    def _relocate(self, rows: Iterable[MovableRow], place: Callable[[MovableRow], MovableRow]) -> list[MovableRow]:
        """Take each row out of its slots or minutes and book it where it belongs; what retention deleted is let go."""
        moved = []
        touched: set[int] = set()
        for row in rows:
            target = place(row)
            if self._withdraw(row, touched):
                for start, cell in target.cells():
                    self._book(target, start, cell, touched)
                moved.append(target)
        self._tidy_days(touched)
        return moved

    def _withdraw(self, row: MovableRow, touched: set[int]) -> bool:
        execute, (spec, grain), cells = self._connection.execute, (self._spec, row.grain), list(row.cells())
        where = f"{spec.table(grain)} WHERE {grain} = ? AND subject = ?"
        if not all(execute(f"SELECT 1 FROM {where}", (start, row.subject)).fetchone() for start, _ in cells):  # noqa: S608 - names of the spec
            return False
        for start, (amounts, sketches) in cells:
            less = (*amounts[: len(spec.added(grain))], *sketches, self._number)
            execute(withdraw(spec, grain), (*less, start, row.subject))
            execute(f"DELETE FROM {where} AND {nothing(spec, grain)}", (start, row.subject))  # noqa: S608 - names of the spec
            if grain == "slot":
                execute(withdraw(spec, "day"), (*less, self._day(start, touched), row.subject))
        return True

    def _book(self, row: MovableRow, start: int, cell: Cell, touched: set[int]) -> None:
        amounts, sketches = cell
        kept = amounts[: len(self._spec.added(row.grain))]
        measures = (row.subject, *kept, *amounts[self._sums :], *sketches, self._number)
        self._connection.execute(add(self._spec, row.grain), (start, *measures))
        if row.grain == "slot":
            self._connection.execute(add(self._spec, "day"), (self._day(start, touched), *measures))

    def _day(self, start: int, touched: set[int]) -> int:
        day = day_number(day_of(start, self._zone))
        touched.add(day)
        return day

    def _tidy_days(self, days: set[int]) -> None:
        """No day is left that holds nothing, and none keeps the peak of what has moved away."""
        slots, table = self._spec.table("slot"), self._spec.table("day")
        highest = "".join(
            f", {name} = ifnull((SELECT max({name}) FROM {slots} AS s WHERE s.subject = {table}.subject"  # noqa: S608 - names of the spec
            f" AND slot >= :start AND slot < :end), {name})"
            for name in self._spec.peaks
        )
        for day in days:
            period = Period.day(day_from_number(day), self._zone)
            self._connection.execute(f"DELETE FROM {table} WHERE day = ? AND {nothing(self._spec, 'day')}", (day,))  # noqa: S608 - as above
            self._connection.execute(
                f"UPDATE {table} SET posting = :number{highest} WHERE day = :day",  # noqa: S608 - as above
                {"number": self._number, "start": period.start, "end": period.end, "day": day},
            )


def dated(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Tables and columns of instants (UTC seconds) that follow the clock as usage does.

    Of a meter's own tables they are the columns that refer to an instant by their name, as in `read_at`.
    """
    own = connection.execute(_INSTANTS_OF_METERS).fetchall()
    return [("gap", "began"), ("gap", "ended"), ("incident", "at"), *own, *_SEEN]


_SEEN = (("subject", "first_seen"), ("subject", "last_seen"))
_INSTANTS_OF_METERS = """
SELECT t.name, c.name FROM sqlite_master AS t, pragma_table_info(t.name) AS c
WHERE t.type = 'table' AND c.name LIKE '%\\_at' ESCAPE '\\' AND t.name NOT LIKE '\\_%' ESCAPE '\\'
ORDER BY t.name, c.cid
"""


def _start(instant: int, grain: str) -> int:
    return instant // GRAINS[grain] * GRAINS[grain]
