"""The interface meter's tables: a checkpoint of each counter, and where counters were read last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.counter_bases import read_bases, write_bases
from exporter.ledger.writing.statements import PUT_STATE
from exporter.metering.counters.checkpoints import Checkpoint, HeldCounters, MachineBase, ScanState
from exporter.metering.counters.readings import Counts, Epoch
from exporter.meters.interfaces.state import interface
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from exporter.metering.postings import MeterCheckpoint
    from exporter.metering.subjects import Subject

KNOWN, NAMESPACE = "known:interface", "namespace:interface"
"""State: the interface indexes of the last scan, and the kernel's cookie of its namespace."""

MACHINE_BASE = "machine_base"
"""State: the four numbers of a MachineBase."""

UNREADABLE = Epoch("unreadable", 0, 0)
"""Epoch of a checkpoint whose own has been damaged: no counter goes on from there."""

_SIDES = tuple(f"{kind}_{side}_bytes" for kind in ("base", "ledger", "discarded") for side in ("receive", "transmit"))
_COLUMNS = ("epoch", "counter_bits", *INTERFACE.sums, "began_at", *_SIDES, "read_at")
_PUT = f"""
INSERT OR REPLACE INTO interface_checkpoint (subject, {", ".join(_COLUMNS)})
VALUES ({", ".join("?" * (1 + len(_COLUMNS)))})
"""  # noqa: S608 - names of our own schema


class InterfaceStore:
    """Reads and writes them within the ledger's transactions."""

    spec = INTERFACE

    def __init__(self) -> None:
        """Nothing is written yet."""
        self._written: dict[str, str] = {}

    def statements(self) -> tuple[str, ...]:
        """The table of checkpoints."""
        counts = ", ".join(f"{name} INTEGER NOT NULL DEFAULT 0" for name in (*INTERFACE.sums, "began_at", *_SIDES))
        keys = "subject INTEGER PRIMARY KEY REFERENCES subject (id), epoch TEXT NOT NULL, counter_bits INTEGER NOT NULL"
        return (f"CREATE TABLE IF NOT EXISTS interface_checkpoint ({keys}, {counts}, read_at INTEGER NOT NULL) STRICT",)

    def read(self, connection: sqlite3.Connection) -> HeldCounters:
        """What was written last."""
        names = (KNOWN, NAMESPACE, MACHINE_BASE)
        state = dict(connection.execute("SELECT name, value FROM state WHERE name IN (?, ?, ?)", names))
        known = frozenset(int(number) for number in state.get(KNOWN, "").split() if number.isdecimal())
        columns = ", ".join(f"c.{name}" for name in _COLUMNS)
        query = f"""
            SELECT k.device, {columns} FROM interface_checkpoint AS c
            JOIN interface_subject AS k ON k.subject = c.subject
        """  # noqa: S608 - names of our own schema
        checkpoints = {interface(name): _checkpoint(rest) for name, *rest in connection.execute(query)}
        bases = {subject: Counts(*base) for subject, base in read_bases(connection, INTERFACE).items()}
        machine_base = _machine_base(state.get(MACHINE_BASE))
        return HeldCounters(ScanState(_number(state.get(NAMESPACE)), known, bases, machine_base), checkpoints)

    def write(
        self, connection: sqlite3.Connection, checkpoint: MeterCheckpoint, id_of: Callable[[Subject], int]
    ) -> None:
        """Write a checkpoint; state is written when it changes only: a host of containers has a thousand indexes."""
        rows = (
            _row(id_of(subject), held) for subject, held in checkpoint.subjects.items() if isinstance(held, Checkpoint)
        )
        connection.executemany(_PUT, rows)
        scanned = checkpoint.state
        if not isinstance(scanned, ScanState):
            return
        self._put_state(connection, KNOWN, " ".join(map(str, sorted(scanned.known))))
        self._put_state(connection, NAMESPACE, str(scanned.namespace))
        self._put_state(connection, MACHINE_BASE, " ".join(str(n) for pair in scanned.machine_base for n in pair))
        write_bases(connection, scanned.exposed_bases or {}, id_of)

    def forget(self) -> None:
        """A transaction was rolled back, or the file is another one: all state is written again."""
        self._written.clear()

    def _put_state(self, connection: sqlite3.Connection, name: str, value: str) -> None:
        if self._written.get(name) != value:
            connection.execute(PUT_STATE, (name, value))
            self._written[name] = value


def _row(number: int, held: Checkpoint) -> tuple[object, ...]:
    sides = (*held.base, *held.ledger, *held.discarded)
    return (number, str(held.epoch), held.counter_bits, *held.counts, held.began_at, *sides, held.read_at)


def _checkpoint(columns: list[str | int | None]) -> Checkpoint:
    epoch, *numbers = columns
    bits, *rest = (int(number or 0) for number in numbers)
    counts, (began_at, *sides), read_at = Counts(*rest[:8]), rest[8:15], rest[15]
    base, ledger, discarded = (sides[0], sides[1]), (sides[2], sides[3]), (sides[4], sides[5])
    return Checkpoint(_epoch(str(epoch)), counts, bits, began_at, base, ledger, discarded, read_at)


def _epoch(text: str) -> Epoch:
    try:
        return Epoch.parse(text)
    except ValueError:
        return UNREADABLE


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _machine_base(text: str | None) -> MachineBase:
    numbers = [int(number) for number in str(text).split() if number.removeprefix("-").isdecimal()]
    return MachineBase((numbers[0], numbers[1]), (numbers[2], numbers[3])) if len(numbers) == 4 else MachineBase()  # noqa: PLR2004
