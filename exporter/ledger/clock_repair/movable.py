"""Usage that a step of the clock may still move, and that no longer has its quarter hours and minutes for itself.

What was booked since the last boot lies alone in its slots, and needs no second copy; where history or another clock
booked into the same ones, rows of `movable` say whose is what, and when it was moved to the second.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exporter.metering.postings import Usage

SUMS = (*INTERFACE.sums, "estimated_bytes")
GRAINS = {"slot": SLOT_SECONDS, "minute": MINUTE_SECONDS}
SHARED_UNTIL = "movable_until"
"""State: from this slot on (UTC seconds), everything that was booked since the last boot or step is alone."""

_AMOUNTS = (*SUMS, *INTERFACE.peaks)
MOVABLE = f"""
CREATE TABLE IF NOT EXISTS movable (
  grain TEXT NOT NULL, subject INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,
  back INTEGER NOT NULL DEFAULT 0, is_moved INTEGER NOT NULL DEFAULT 1,
  {", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in _AMOUNTS)}
) STRICT
"""
_PUT = f"""
INSERT INTO movable (grain, subject, began, ended, back, is_moved, {", ".join(_AMOUNTS)})
VALUES ({", ".join("?" * (6 + len(_AMOUNTS)))})
"""  # noqa: S608 - names of our own schema
_ADD = f"""
UPDATE movable SET ended = ?, {", ".join(f"{name} = {name} + ?" for name in SUMS)},
  {", ".join(f"{name} = max({name}, ?)" for name in INTERFACE.peaks)}
WHERE grain = ? AND subject = ? AND began = ? AND is_moved = 0
"""  # noqa: S608 - names of our own schema


class Row(NamedTuple):
    """What one subject moved in [began, ended) (UTC seconds); `back` is by how much it was moved back in doubt."""

    grain: str
    subject: int
    began: int
    ended: int
    amounts: tuple[int, ...]
    back: int = 0

    def shifted(self, seconds: int) -> Row:
        """The same, as many seconds later, and never before 1970."""
        began = max(self.began + seconds, 0)
        return self._replace(began=began, ended=began + self.ended - self.began)

    def cells(self) -> Iterator[tuple[int, list[int]]]:
        """The slots or minutes that it lies in, and what lies in each: sums in proportion to time, to the byte."""
        step, length = GRAINS[self.grain], self.ended - self.began
        sums, speeds = self.amounts[: len(SUMS)], self.amounts[len(SUMS) :]
        done = [0] * len(SUMS)
        for start in range(self.began // step * step, self.ended, step):
            passed = min(start + step, self.ended) - self.began
            reached = [value * passed // length for value in sums]
            yield start, [*(now - then for now, then in zip(reached, done, strict=True)), *speeds]
            done = reached


def own_row(grain: str, subject: int, start: int, stretch: tuple[int, int], usage: Usage) -> Row:
    """What a posting brings to one slot or minute, as long as it can have been booked in the stretch (UTC seconds)."""
    began = max(start, stretch[0])
    ended = max(min(start + GRAINS[grain], stretch[1] + 1), began + 1)
    counts = usage.counts if grain == "slot" else (*usage.counts[:2], *(0 for _ in INTERFACE.sums[2:]))
    estimated = usage.estimated_bytes if grain == "slot" else 0
    return Row(grain, subject, began, ended, (*counts, estimated, *usage.peaks))


class Movable:
    """The table, and the rows of `slot` and `minute` that may move and need no copy yet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Within the writer's transaction."""
        self._connection = connection
        connection.execute(MOVABLE)

    def rows(self, grain: str) -> list[Row]:
        """What has a copy."""
        query = f"SELECT grain, subject, began, ended, back, {', '.join(_AMOUNTS)} FROM movable WHERE grain = ?"  # noqa: S608
        found = self._fetch(query, grain)
        return [Row(grain, subject, began, ended, tuple(rest), back) for _, subject, began, ended, back, *rest in found]

    def replace(self, grain: str, rows: Iterable[Row]) -> None:
        """Let these be all that has a copy."""
        self._connection.execute("DELETE FROM movable WHERE grain = ?", (grain,))
        self._connection.executemany(_PUT, ((*row[:4], row.back, 1, *row.amounts) for row in rows))

    def found(self, grain: str, first: int, stretch: tuple[int, int]) -> list[Row]:
        """Rows from the slot `first` on of what has no copy, all of it booked in the stretch (UTC seconds)."""
        step, (began, ended) = GRAINS[grain], stretch
        held: Mapping[tuple[int, int], list[int]] = _by_cell(self.rows(grain))
        names = _columns(grain)
        query = f"SELECT {grain}, subject, {', '.join(names)} FROM {grain} WHERE {grain} >= ? AND {grain} <= ?"  # noqa: S608
        rows = []
        for start, subject, *amounts in self._fetch(query, first, ended):
            known = dict(zip(names, amounts, strict=True))
            alone = [known.get(name, 0) for name in _AMOUNTS]
            for number, copied in enumerate(held.get((start, subject), ())[: len(SUMS)]):
                alone[number] -= copied
            if any(alone[: len(SUMS)]):
                since = min(max(start, began), start + step - 1)
                until = max(min(start + step, ended + 1), since + 1)
                rows.append(Row(grain, subject, since, until, tuple(alone)))
        return list(self._by_minute(rows)) if grain == "slot" else rows

    def _by_minute(self, slots: Iterable[Row]) -> Iterator[Row]:
        """Cut quarter hours into what their minutes hold, where those know of every byte."""
        for row in slots:
            query = """
                SELECT minute, receive_bytes, transmit_bytes FROM minute
                WHERE subject = ? AND minute > ? AND minute < ? ORDER BY minute
            """
            minutes = self._fetch(query, row.subject, row.began - MINUTE_SECONDS, row.ended)
            yield from cut(row, minutes)

    def settle(self) -> None:
        """What has a copy is history now, unless it was moved back in doubt; what comes later is alone again."""
        self._connection.execute("DELETE FROM movable WHERE back = 0")
        self.share()

    def share(self) -> None:
        """Nothing that is there now has its slot for itself."""
        last = self._fetch("SELECT ifnull(max(slot) + ?, 0) FROM slot", SLOT_SECONDS)[0][0]
        self._connection.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (SHARED_UNTIL, str(last)))

    def shared_until(self) -> int:
        """From this slot on (UTC seconds) what may move is alone."""
        row = self._fetch("SELECT value FROM state WHERE name = ?", SHARED_UNTIL)
        return int(row[0][0]) if row and str(row[0][0]).isdecimal() else 0

    def add(self, grain: str, rows: Iterable[Row]) -> None:
        """Copy what was just booked into slots that others share."""
        for row in rows:
            amounts = (*row.amounts, row.grain, row.subject, row.began)
            if self._connection.execute(_ADD, (row.ended, *amounts)).rowcount == 0:
                self._connection.execute(_PUT, (grain, *row[1:4], 0, 0, *row.amounts))

    def _fetch(self, query: str, *values: object) -> list[tuple[int, ...]]:
        return self._connection.execute(query, values).fetchall()


def _by_cell(rows: Iterable[Row]) -> Mapping[tuple[int, int], list[int]]:
    cells: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * len(_AMOUNTS))
    for row in rows:
        for start, amounts in row.cells():
            cells[start, row.subject] = [a + b for a, b in zip(cells[start, row.subject], amounts, strict=True)]
    return cells


def cut(row: Row, minutes: Sequence[tuple[int, ...]]) -> Iterator[Row]:
    """A row as its minutes hold it; what they do not tell (packets, errors) by their share of the bytes."""
    received, sent = row.amounts[:2]
    if (received, sent) != (
        sum(found[1] for found in minutes),
        sum(found[2] for found in minutes),
    ) or received + sent == 0:
        yield row
        return
    others, speeds = row.amounts[2 : len(SUMS)], row.amounts[len(SUMS) :]
    done, seen = [0] * len(others), 0
    for minute, receive, transmit in minutes:
        seen += receive + transmit
        reached = [value * seen // (received + sent) for value in others]
        parts = (now - then for now, then in zip(reached, done, strict=True))
        began = max(minute, row.began)
        ended = max(min(minute + MINUTE_SECONDS, row.ended), began + 1)
        yield row._replace(began=began, ended=ended, amounts=(receive, transmit, *parts, *speeds))
        done = reached


def _columns(grain: str) -> tuple[str, ...]:
    return _AMOUNTS if grain == "slot" else (*INTERFACE.sums[:2], *INTERFACE.peaks)
