"""Upkeep of the ledger: old minutes and slots go, days stay for ever, interfaces long gone are folded together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.clock_repair.held_clock import held_clock
from exporter.ledger.files import size_on_disk
from exporter.ledger.writing.statements import COUNTER_BASE
from exporter.metering.readings import Subject
from reports.calendar.periods import DAY_SECONDS
from reports.ledger.shape import GONE, INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from exporter.ledger.clock_repair.held_clock import HeldClock
    from exporter.ledger.writing.writer import Writer

FOLD_AFTER_SECONDS = 30 * DAY_SECONDS
"""An interface that does not count and has been gone this long is folded into `(gone)`."""

SHORTEST_SLOTS = 62 * DAY_SECONDS
"""Slots that even a full ledger keeps: a billing cycle and the one before it."""

AGGRESSIVE = 10
"""In a storage crisis, minutes and slots are kept for this fraction of their time."""

GONE_KEPT = 1024
"""Interfaces that do not count and keep rows of their own: a host of containers makes more; the oldest are folded."""

RECENT_SECONDS = 2 * 3600
"""An interface that is there is noted every hour: one unseen for longer has gone."""

INCIDENTS_KEPT = 10_000

FIND_GONE = """
SELECT id, kind, name FROM subject WHERE counted = 0 AND name <> :gone AND (
  last_seen < :long_ago OR (last_seen < :lately AND id NOT IN (
    SELECT id FROM subject WHERE counted = 0 ORDER BY last_seen DESC LIMIT :kept)))
"""


class Keep(NamedTuple):
    """How long rows are kept, in seconds, and how large the file may become, in bytes."""

    minute_seconds: int
    slot_seconds: int
    max_bytes: int


class Removed(NamedTuple):
    """What one round of upkeep deleted or folded, in rows; days are never deleted."""

    minutes: int = 0
    slots: int = 0
    gone: tuple[Subject, ...] = ()

    @property
    def folded(self) -> int:
        """How many interfaces were folded; the sampler must forget them, since their totals are elsewhere now."""
        return len(self.gone)


class Retention:
    """Keeps one ledger within its bounds. Runs on the writer's thread."""

    def __init__(self, writer: Writer, path: Path) -> None:
        """Uses the writer's connection and transactions."""
        self._writer, self._path = writer, path

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._writer.connection

    def tidy(self, keep: Keep, now: int) -> Removed:
        """Delete what is older than it is kept for (or less, where the file is too large), fold what is long gone.

        `now` is UTC seconds by the clock. What counts is the time that nobody doubts: a clock that has jumped ahead
        deletes nothing, and rows that a clock from the past has booked wait until it is mended.
        """
        clock = held_clock(self._connection, now)
        now = clock.sure
        removed = self._delete(keep, now, clock)
        gone = self._fold_gone(now)
        share = keep
        while self._live_bytes() > keep.max_bytes and _shorter(share) != share:
            share = _shorter(share)
            more = self._delete(share, now, clock)
            removed = Removed(removed.minutes + more.minutes, removed.slots + more.slots)
        return removed._replace(gone=gone)

    def clean_up(self, keep: Keep, now: int, *, is_aggressive: bool) -> Removed:
        """One round by hand; an aggressive one keeps a tenth, and two months of slots at least."""
        if is_aggressive:
            keep = aggressive(keep)
        return self.tidy(keep, now)

    def vacuum(self) -> None:
        """Give freed pages back to the file system."""
        self._connection.execute("VACUUM")
        self._writer.checkpoint_log(truncate=True)

    def _delete(self, keep: Keep, now: int, clock: HeldClock) -> Removed:
        counted = [0, 0]

        def work() -> None:
            for number, (table, seconds) in enumerate((("minute", keep.minute_seconds), ("slot", keep.slot_seconds))):
                statement = f"DELETE FROM {table} WHERE {table} < ? AND NOT {table} BETWEEN ? AND ?"  # noqa: S608 - names of our own schema
                bounds = (now - seconds, *clock.misplaced)
                counted[number] = self._connection.execute(statement, bounds).rowcount
            self._connection.execute(
                "DELETE FROM incident WHERE seen = 1 AND id <= (SELECT max(id) FROM incident) - ?",
                (INCIDENTS_KEPT,),
            )

        self._writer.in_transaction(work)
        minutes, slots = counted
        return Removed(minutes, slots)

    def _fold_gone(self, now: int) -> tuple[Subject, ...]:
        bounds = {"gone": GONE, "long_ago": now - FOLD_AFTER_SECONDS, "lately": now - RECENT_SECONDS, "kept": GONE_KEPT}
        rows = self._connection.execute(FIND_GONE, bounds).fetchall()
        if rows:
            self._writer.in_transaction(lambda: self._fold([row[0] for row in rows], now))
            self._writer.forget_ids()
        return tuple(Subject(kind, name) for _, kind, name in rows)

    def _fold(self, gone: list[int], now: int) -> None:
        execute = self._connection.execute
        execute(
            "INSERT OR IGNORE INTO subject (kind, name, first_seen, last_seen) VALUES ('interface', ?, ?, ?)",
            (GONE, now, now),
        )
        target = execute("SELECT id FROM subject WHERE kind = 'interface' AND name = ?", (GONE,)).fetchone()[0]
        execute("CREATE TEMP TABLE IF NOT EXISTS gone (id INTEGER PRIMARY KEY)")
        execute("DELETE FROM temp.gone")
        self._connection.executemany("INSERT INTO temp.gone (id) VALUES (?)", ((subject,) for subject in gone))
        for table in ("slot", "day"):  # one scan for all of them: time comes first in the key
            execute(_fold_statement(table), {"target": target})
        for table in ("slot", "day", "minute", "checkpoint"):
            execute(f"DELETE FROM {table} WHERE subject IN (SELECT id FROM temp.gone)")  # noqa: S608 - our own names
        execute("DELETE FROM state WHERE name IN (SELECT ? || id FROM temp.gone)", (COUNTER_BASE,))
        execute("UPDATE movable SET subject = :target WHERE subject IN (SELECT id FROM temp.gone)", {"target": target})
        execute("DELETE FROM subject WHERE id IN (SELECT id FROM temp.gone)")

    def _live_bytes(self) -> int:
        """Bytes that hold something: deleted pages are free again, although the file keeps them."""
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return min(int((pages - free) * size), max(size_on_disk(self._path), 1))


def aggressive(keep: Keep) -> Keep:
    """What an aggressive cleanup keeps: a tenth, and two months of slots at least."""
    return _shorter(keep, AGGRESSIVE)


def _shorter(keep: Keep, divisor: int = 2) -> Keep:
    """A part of the time, never below the shortest and never longer than it was."""
    return keep._replace(
        minute_seconds=min(keep.minute_seconds, max(keep.minute_seconds // divisor, DAY_SECONDS)),
        slot_seconds=min(keep.slot_seconds, max(keep.slot_seconds // divisor, SHORTEST_SLOTS)),
    )


def _fold_statement(table: str) -> str:
    sums, columns = (
        (*INTERFACE.sums, "estimated_bytes"),
        ", ".join((*INTERFACE.sums, "estimated_bytes", *INTERFACE.peaks)),
    )
    totals = ", ".join([*(f"sum({name})" for name in sums), *(f"max({name})" for name in INTERFACE.peaks)])
    adds = ", ".join(f"{name} = {name} + excluded.{name}" for name in sums)
    tops = ", ".join(f"{name} = max({name}, excluded.{name})" for name in INTERFACE.peaks)
    return (
        f"INSERT INTO {table} ({table}, subject, {columns}) "  # noqa: S608 - names of our own schema
        f"SELECT {table}, :target, {totals} FROM {table} WHERE subject IN (SELECT id FROM temp.gone) "
        f"GROUP BY {table} ON CONFLICT ({table}, subject) DO UPDATE SET {adds}, {tops}"
    )
