"""Usage that a step of the clock may still move, and that shares its quarter hours and minutes with other usage.

What was booked since the last boot lies alone in its slots, and needs no second copy; where history or another clock
booked into the same ones, rows of the meter's movable table say what belongs to which, and when it was moved.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.writing.statements import PUT_STATE
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS
from reports.ledger.sketches import EMPTY, merged, subtracted

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reports.ledger.shape import MeterSpec

GRAINS = {"slot": SLOT_SECONDS, "minute": MINUTE_SECONDS}
SHARED_UNTIL = "movable_until"
"""State: from this slot on (UTC seconds), everything that was booked since the last boot or step is alone."""

Cell = tuple[tuple[int, ...], tuple[bytes, ...]]
"""Sums and peaks of a slot or minute, and its sketches."""


class MovableRow(NamedTuple):
    """What one subject moved in [began, ended) (UTC seconds): the sums and peaks of a slot, and its sketches.

    `back` is by how much it was moved back in doubt. `sums` is the number of sums among the amounts.
    """

    grain: str
    subject: int
    began: int
    ended: int
    amounts: tuple[int, ...]
    sums: int
    sketches: tuple[bytes, ...] = ()
    back: int = 0

    def shifted(self, seconds: int) -> MovableRow:
        """The same, as many seconds later, and never before 1970."""
        began = max(self.began + seconds, 0)
        return self._replace(began=began, ended=began + self.ended - self.began)

    def cells(self) -> Iterator[tuple[int, Cell]]:
        """The slots or minutes that it lies in, and what lies in each: sums in proportion to time, to the byte.

        A sketch cannot be divided by time: it lies in the first.
        """
        step, length = GRAINS[self.grain], self.ended - self.began
        sums, peaks = self.amounts[: self.sums], self.amounts[self.sums :]
        done, sketches = [0] * self.sums, self.sketches
        for start in range(self.began // step * step, self.ended, step):
            passed = min(start + step, self.ended) - self.began
            reached = [value * passed // length for value in sums]
            yield start, ((*(now - then for now, then in zip(reached, done, strict=True)), *peaks), sketches)
            done, sketches = reached, (EMPTY,) * len(sketches)


class Movable:
    """A meter's movable table, and the rows of its slots and minutes that may move and need no copy yet."""

    def __init__(self, connection: sqlite3.Connection, spec: MeterSpec) -> None:
        """Within the writer's transaction."""
        self._connection, self._spec = connection, spec
        self._sums, self._amounts = spec.added("slot"), (*spec.added("slot"), *spec.peaks)
        self._columns = spec.columns("slot")

    @property
    def grains(self) -> list[str]:
        """The grains of the meter whose rows follow the clock."""
        return [grain for grain in GRAINS if grain in self._spec.grains]

    def row(self, grain: str, subject: int, bounds: tuple[int, int], cell: Cell, back: int = 0) -> MovableRow:
        """A row of this meter; `bounds` are UTC seconds."""
        return MovableRow(grain, subject, *bounds, cell[0], len(self._sums), cell[1], back)

    def own_row(self, grain: str, subject: int, start: int, interval: tuple[int, int], cell: Cell) -> MovableRow:
        """What a posting adds to one slot or minute, within the interval (UTC seconds) that it can be of."""
        began = max(start, interval[0])
        ended = max(min(start + GRAINS[grain], interval[1] + 1), began + 1)
        return self.row(grain, subject, (began, ended), cell)

    def rows(self, grain: str) -> list[MovableRow]:
        """What has a copy."""
        columns = ", ".join(("subject", "began", "ended", "back", *self._columns))
        query = f"SELECT {columns} FROM {self._spec.movable} WHERE grain = ?"  # noqa: S608 - names of the spec
        return [
            self.row(grain, subject, (began, ended), self._cell(rest), back)
            for subject, began, ended, back, *rest in self._connection.execute(query, (grain,))
        ]

    def replace(self, grain: str, rows: Iterable[MovableRow]) -> None:
        """Let these be all that has a copy."""
        self._connection.execute(f"DELETE FROM {self._spec.movable} WHERE grain = ?", (grain,))  # noqa: S608 - names of the spec
        for row in rows:
            self._put(row, is_moved=True)

    def found(self, grain: str, first: int, interval: tuple[int, int]) -> list[MovableRow]:
        """Rows from the slot `first` on of what has no copy, all of it booked in the interval (UTC seconds)."""
        step, (began, ended) = GRAINS[grain], interval
        copies = self._copies(grain)
        names = self._spec.columns(grain)
        query = (
            f"SELECT {grain}, subject, {', '.join(names)} FROM {self._spec.table(grain)} "  # noqa: S608 - names of the spec
            f"WHERE {grain} >= ? AND {grain} <= ?"
        )
        rows = []
        for start, subject, *amounts in self._connection.execute(query, (first, ended)).fetchall():
            known = dict(zip(names, amounts, strict=True))
            cell = self._cell([known.get(name, 0) for name in self._columns])
            for copied in copies.get((start, subject), ()):
                cell = self._without(cell, copied)
            if any(cell[0][: len(self._sums)]):
                since = min(max(start, began), start + step - 1)
                until = max(min(start + step, ended + 1), since + 1)
                rows.append(self.row(grain, subject, (since, until), cell))
        return list(self._by_minute(rows)) if grain == "slot" and self._spec.minute_sums else rows

    def add(self, rows: Iterable[MovableRow]) -> None:
        """Copy what was just booked into slots that others share."""
        for row in rows:
            where = "grain = ? AND subject = ? AND began = ? AND is_moved = 0"
            query = f"SELECT ended, {', '.join(self._columns)} FROM {self._spec.movable} WHERE {where}"  # noqa: S608 - names of the spec
            key = (row.grain, row.subject, row.began)
            held = self._connection.execute(query, key).fetchone()
            if held:
                self._connection.execute(f"DELETE FROM {self._spec.movable} WHERE {where}", key)  # noqa: S608 - as above
                amounts, sketches = self._with(self._cell(held[1:]), (row.amounts, row.sketches))
                row = row._replace(amounts=amounts, sketches=sketches)  # noqa: PLW2901 - the same with what it adds to
            self._put(row, is_moved=False)

    def settle(self) -> None:
        """What has a copy is history now, unless it was moved back in doubt; what comes later is alone again."""
        self._connection.execute(f"DELETE FROM {self._spec.movable} WHERE back = 0")  # noqa: S608 - names of the spec

    def cut(self, row: MovableRow, minutes: Sequence[tuple[int, ...]]) -> Iterator[MovableRow]:
        """A row as its minutes (their start and sums) hold it; other sums by their share of those."""
        kept = len(self._spec.minute_sums)
        whole = [sum(column) for column in zip(*(found[1:] for found in minutes), strict=True)]
        if list(row.amounts[:kept]) != whole or not any(whole):
            yield row
            return
        others, peaks, total = row.amounts[kept : row.sums], row.amounts[row.sums :], sum(whole)
        done, passed, sketches = [0] * len(others), 0, row.sketches
        for minute, *sums in minutes:
            passed += sum(sums)
            reached = [value * passed // total for value in others]
            parts = (now - then for now, then in zip(reached, done, strict=True))
            began = max(minute, row.began)
            ended = max(min(minute + MINUTE_SECONDS, row.ended), began + 1)
            yield row._replace(began=began, ended=ended, amounts=(*sums, *parts, *peaks), sketches=sketches)
            done, sketches = reached, (EMPTY,) * len(sketches)

    def _by_minute(self, slots: Iterable[MovableRow]) -> Iterator[MovableRow]:
        """Cut quarter hours into what their minutes hold, where those know of every byte."""
        query = (
            f"SELECT minute, {', '.join(self._spec.minute_sums)} FROM {self._spec.table('minute')} "  # noqa: S608 - names of the spec
            "WHERE subject = ? AND minute > ? AND minute < ? ORDER BY minute"
        )
        for row in slots:
            bounds = (row.subject, row.began - MINUTE_SECONDS, row.ended)
            yield from self.cut(row, self._connection.execute(query, bounds).fetchall())

    def _copies(self, grain: str) -> Mapping[tuple[int, int], list[Cell]]:
        """What the copies hold of each slot or minute and subject."""
        cells: dict[tuple[int, int], list[Cell]] = defaultdict(list)
        for row in self.rows(grain):
            for start, cell in row.cells():
                cells[start, row.subject].append(cell)
        return cells

    def _put(self, row: MovableRow, *, is_moved: bool) -> None:
        columns = ", ".join(("grain", "subject", "began", "ended", "back", "is_moved", *self._columns))
        marks = ", ".join("?" * (6 + len(self._columns)))
        values = (*row[:4], row.back, int(is_moved), *row.amounts, *row.sketches)
        self._connection.execute(f"INSERT INTO {self._spec.movable} ({columns}) VALUES ({marks})", values)  # noqa: S608 - names of the spec

    def _cell(self, values: Sequence[int | bytes]) -> Cell:
        """Columns of a slot as amounts and sketches; a column that a grain lacks is 0."""
        count = len(self._amounts)
        return tuple(map(int, values[:count])), tuple(value or EMPTY for value in values[count:])  # type: ignore[misc]  # by the schema

    def _with(self, first: Cell, second: Cell) -> Cell:
        sums = len(self._sums)
        added = (a + b for a, b in zip(first[0][:sums], second[0][:sums], strict=True))
        return (*added, *map(max, first[0][sums:], second[0][sums:])), tuple(map(merged, first[1], second[1]))

    def _without(self, cell: Cell, copied: Cell) -> Cell:
        sums = len(self._sums)
        less = (a - b for a, b in zip(cell[0][:sums], copied[0][:sums], strict=True))
        return (*less, *cell[0][sums:]), tuple(map(subtracted, cell[1], copied[1]))


def share(connection: sqlite3.Connection, specs: Iterable[MeterSpec]) -> None:
    """Let nothing that is there now have its slot for itself."""
    last = max(
        connection.execute(f"SELECT ifnull(max(slot) + ?, 0) FROM {spec.table('slot')}", (SLOT_SECONDS,)).fetchone()[0]  # noqa: S608 - names of the spec
        for spec in specs
    )
    connection.execute(PUT_STATE, (SHARED_UNTIL, str(last)))


def shared_until(connection: sqlite3.Connection) -> int:
    """From this slot on (UTC seconds) what may move is alone."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (SHARED_UNTIL,)).fetchone()
    return int(row[0]) if row and str(row[0]).isdecimal() else 0
