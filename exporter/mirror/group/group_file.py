"""The file of a group: a ledger whose interfaces are machines, and what of each machine it holds."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.files import connect_to_read, connect_to_write
from exporter.ledger.schema import prepare
from exporter.ledger.writing.statements import PUT_STATE, add, put_facts
from exporter.mirror.group.own_rows import GRAINS, OWN_SUBJECT, SLOTS_SINCE
from reports.calendar.days import day_from_number, day_start
from reports.ledger.shape import INTERFACE, OTHER, SPECS, key_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any
    from zoneinfo import ZoneInfo

    from reports.ledger.shape import MeterSpec

LAYOUT = "1"
"""Another number has every group made anew."""

LAYOUT_STATE, READ_AT, WHOLE_AT, OWN = "layout", "read_at", "whole_at", "own"
"""States: when the mirror was read, and when it was last looked through for old rows (UTC seconds); the id of the
machine that asks, where it is one of the group."""

MACHINES = """
CREATE TABLE IF NOT EXISTS machine (
  host TEXT PRIMARY KEY, subject INTEGER NOT NULL, posting INTEGER NOT NULL, sent_at INTEGER NOT NULL,
  whole_posting INTEGER NOT NULL, copying TEXT NOT NULL,
  generation TEXT NOT NULL, counted TEXT NOT NULL, imported TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""
PUT_MACHINE = "INSERT OR REPLACE INTO machine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
COLUMNS = {grain: (grain, "subject", *INTERFACE.columns(grain), "posting") for grain in GRAINS}
PUT_ROW = {
    grain: f"REPLACE INTO {INTERFACE.table(grain)} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    for grain, names in COLUMNS.items()
}
FORGET_ROW = {grain: f"DELETE FROM {INTERFACE.table(grain)} WHERE {grain} = ? AND subject = ?" for grain in GRAINS}
FIRST_SLOT = "SELECT min(slot) FROM interface_slot WHERE subject = ?"


class HeldMachine(NamedTuple):
    """What a group has of a machine: its subject, and its row of the mirror as it was when it was read.

    Rows of any age were looked for when its posting was `whole_posting`. `counted` are the numbers of its
    interfaces that count, `imported` is what tells its imports from others.
    """

    subject: int
    posting: int
    sent_at: int
    whole_posting: int
    copying: str
    generation: str
    counted: str
    imported: str


class GroupState(NamedTuple):
    """When the mirror was read (UTC seconds), and the own machine's name; None where it is not one of the group."""

    read_at: int
    own_device: str | None


def group_state(path: Path) -> GroupState | None:
    """The state of a group's file; None where it is not finished, of another layout, or not there."""
    try:
        with contextlib.closing(connect_to_read(path)) as connection:
            states = dict(connection.execute("SELECT name, value FROM state"))
            if states.get(LAYOUT_STATE) != LAYOUT:
                return None
            query = f"SELECT device FROM interface_subject WHERE subject = {OWN_SUBJECT}"
            device = connection.execute(query).fetchone()[0] if OWN in states else None
            return GroupState(int(states[READ_AT]), device)
    except (sqlite3.Error, OSError):
        return None


class GroupFile:
    """Writes one file, all in one transaction: readers see the former rows until it ends."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        """Nothing is done to the file before `open`."""
        self._path, self._zone = path, zone
        self._subjects: dict[tuple[str, str], int] = {}
        self._opened: sqlite3.Connection | None = None

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            raise sqlite3.ProgrammingError("the group's file is not open")
        return self._opened

    def open(self) -> None:
        """Begin a transaction, in a new file if there is none; raises sqlite3.Error and SchemaError."""
        prepare(self._path)
        self._opened = connect_to_write(self._path)
        # All of it can be read from the mirror again.
        self._opened.execute("PRAGMA synchronous = OFF")
        self._opened.execute("PRAGMA cache_size = -4096")
        self._opened.execute("BEGIN IMMEDIATE")
        self._opened.execute(MACHINES)
        if self.states().get(LAYOUT_STATE, LAYOUT) != LAYOUT:
            self.clear()

    def states(self) -> Mapping[str, str]:
        """Its states."""
        return dict(self._connection.execute("SELECT name, value FROM state"))

    def machines(self) -> dict[str, HeldMachine]:
        """What is held of each machine, by id."""
        return {host: HeldMachine(*held) for host, *held in self._connection.execute("SELECT * FROM machine")}

    def clear(self) -> None:
        """Forget all."""
        usage = (spec.table(grain) for spec in SPECS for grain in GRAINS)
        subjects = (spec.subjects for spec in SPECS)
        for table in (*usage, *subjects, "imported", "subject", "state", "machine"):
            self._connection.execute(f"DELETE FROM {table}")
        self._subjects.clear()

    def subject(self, spec: MeterSpec, key: tuple[str, ...], number: int | None = None) -> int:
        """The number of a subject, which is made if there is none: this one, or the next."""
        name = (spec.name, key_text(key))
        if name not in self._subjects:
            ask, row = self._connection.execute, (number, *name)
            ask("INSERT OR IGNORE INTO subject (id, meter, key, first_seen, last_seen) VALUES (?, ?, ?, 0, 0)", row)
            number = ask("SELECT id FROM subject WHERE meter = ? AND key = ?", name).fetchone()[0]
            ask(put_facts(spec), (number, *key, *(1 for _ in spec.facts)))
            self._subjects[name] = number
        return self._subjects[name]

    def rename(self, labels: Mapping[int, str]) -> None:
        """Name machines by their subjects."""
        ask, spec = self._connection.execute, INTERFACE
        self._subjects.clear()
        for column, table, number in (("key", "subject", "id"), ("device", spec.subjects, "subject")):
            for subject in labels:  # two may have changed their names
                ask(f"UPDATE {table} SET {column} = ? WHERE {number} = ?", (f"\0{subject}", subject))
            for subject, label in labels.items():
                ask(f"UPDATE {table} SET {column} = ? WHERE {number} = ?", (label, subject))

    def put_machines(self, grain: str, rows: Iterable[Sequence[Any]]) -> None:
        """Put rows of a time, the subject of a machine, and measures, in the place of those that are there.

        Where all measures are 0, there is none.
        """
        listed = list(rows)
        self._connection.executemany(PUT_ROW[grain], ((*row, 0) for row in listed if any(row[2:])))
        self._connection.executemany(FORGET_ROW[grain], (row[:2] for row in listed if not any(row[2:])))

    def forget_times(self, spec: MeterSpec, grain: str, times: Iterable[int]) -> None:
        """Delete the rows of some times."""
        query = f"DELETE FROM {spec.table(grain)} WHERE {grain} = ?"
        self._connection.executemany(query, ((time,) for time in times))

    def add(self, spec: MeterSpec, grain: str, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows of a time, the dimensions and measures to what is there."""
        size = 1 + len(spec.dimensions)
        numbered = ((row[0], self.subject(spec, tuple(row[1:size])), *row[size:], 0) for row in rows)
        self._connection.executemany(add(spec, grain), numbered)

    def forget_imported(self) -> None:
        """Delete what was imported."""
        self._connection.execute("DELETE FROM imported")

    def add_imported(self, spec: MeterSpec, rows: Iterable[Sequence[Any]], subject: int | None) -> None:
        """Add rows of source, first and last day, the dimensions (none where the subject is given) and sums."""
        size = 3 if subject is not None else 3 + len(spec.dimensions)
        marks = ", ".join("?" * (4 + len(INTERFACE.sums)))
        names = ", ".join(("source", "subject", "first_day", "last_day", *INTERFACE.sums))
        query = f"INSERT OR REPLACE INTO imported ({names}) VALUES ({marks})"
        for source, first, last, *others in rows:
            number = self.subject(spec, tuple(others[: size - 3])) if subject is None else subject
            self._connection.execute(query, (source, number, first, last, *others[size - 3 :]))

    def put_machine(self, host: str, held: HeldMachine) -> None:
        """Note what is held of a machine."""
        self._connection.execute(PUT_MACHINE, (host, *held))

    def finish(self, states: Mapping[str, str], slots_since: int) -> None:
        """Delete old quarter hours, note states, and commit."""
        for spec in SPECS:
            self._connection.execute(f"DELETE FROM {spec.table('slot')} WHERE slot < ?", (slots_since,))
            self._note_begins(spec)
        all_states = {**states, SLOTS_SINCE: str(slots_since), LAYOUT_STATE: LAYOUT, "timezone": self._zone.key}
        self._connection.executemany(PUT_STATE, all_states.items())
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file, if it is open; what is not finished is as it was."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        with contextlib.closing(opened):
            if opened.in_transaction:
                opened.execute("ROLLBACK")

    def _note_begins(self, spec: MeterSpec) -> None:
        """When subjects were first and last seen, as exactly as the mirror's rows say it: it has no such column."""
        query = f"SELECT subject, min(day), max(day) FROM {spec.table('day')} GROUP BY subject"
        seen = {subject: self._seen(spec, subject, *days) for subject, *days in self._connection.execute(query)}
        update = "UPDATE subject SET first_seen = ?, last_seen = ? WHERE id = ?"
        self._connection.executemany(update, ((*span, subject) for subject, span in seen.items()))

    def _seen(self, spec: MeterSpec, subject: int, first: int, last: int) -> tuple[int, int]:
        begin, end = (day_start(day_from_number(day), self._zone) for day in (first, last + 1))
        if spec is INTERFACE:
            slot = self._connection.execute(FIRST_SLOT, (subject,)).fetchone()[0]
            next_day = day_start(day_from_number(first + 1), self._zone)
            begin = slot if slot is not None and begin < slot < next_day else begin
        return begin, end - 1


OTHER_MACHINES = (OTHER,)
"""The key of the subject that stands for those beyond the most that a group names."""
