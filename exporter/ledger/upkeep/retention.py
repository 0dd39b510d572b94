"""Retention: old minutes and slots are deleted, days stay, subjects that are long gone are folded together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.clock_repair.held_clock import held_clock
from exporter.ledger.files import size_on_disk
from exporter.ledger.writing.statements import COUNTER_BASE, NEXT_POSTING, PUT_SUBJECT, merge, put_facts
from exporter.ledger.writing.touched import ALWAYS
from exporter.metering.samples import EventBounds, EventStore
from exporter.metering.subjects import Subject
from reports.calendar.days import DAY_SECONDS
from reports.ledger.shape import GONE, key_of, key_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from exporter.ledger.clock_repair.held_clock import HeldClock
    from exporter.ledger.writing.writer import Writer
    from exporter.settings.tree import Settings
    from reports.ledger.shape import MeterSpec

SHORTEST_SLOTS = 62 * DAY_SECONDS
"""Slots that even a full ledger keeps: a billing cycle and the one before it."""

AGGRESSIVE = 10
"""In a storage crisis, minutes and slots are kept for this fraction of their time."""

RECENT_SECONDS = 2 * 3600
"""A subject that is there is noted every hour: one unseen for longer has gone."""

INCIDENTS_KEPT = 10_000

OF_SUBJECTS = """
SELECT t.name, f."from" FROM sqlite_master AS t, pragma_foreign_key_list(t.name) AS f
WHERE t.type = 'table' AND f."table" = 'subject'
"""
"""Tables with rows of subjects, and the column that names the subject."""


class Keep(NamedTuple):
    """How long rows are kept, in seconds, how large the file may become, in bytes, and bounds of single events."""

    minute_seconds: int
    slot_seconds: int
    max_bytes: int
    events: EventBounds = EventBounds(30 * DAY_SECONDS, 1_000_000)

    @classmethod
    def of(cls, settings: Settings) -> Keep:
        """What the settings say."""
        ledger, events = settings.ledger, EventBounds(*settings.requests.bounds)
        return cls(int(ledger.minute_retention), int(ledger.slot_retention), ledger.max_size, events)


class Removed(NamedTuple):
    """Rows that one round of upkeep deleted, of all meters, and the subjects that it folded; days are never deleted."""

    minutes: int = 0
    slots: int = 0
    gone: tuple[Subject, ...] = ()


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

        `now` is UTC seconds by the clock. What counts is the time that is beyond doubt: a clock that has jumped ahead
        deletes nothing, and rows that a clock from the past has booked wait until it is mended.
        """
        while self.tidy_events(keep, now):
            pass
        clock = held_clock(self._connection, now)
        now = clock.sure
        removed = self._delete(keep, now, clock)
        gone = tuple(subject for spec in self._writer.specs for subject in self._fold_gone(spec, now))
        share = keep
        while self._live_bytes() > keep.max_bytes and _shorter(share) != share:
            share = _shorter(share)
            more = self._delete(share, now, clock)
            removed = Removed(removed.minutes + more.minutes, removed.slots + more.slots)
        return removed._replace(gone=gone)

    def tidy_events(self, keep: Keep, now: int) -> bool:
        """Delete a bounded part of the single events that meters keep too long; True if there is more.

        A ledger that is too large gives up all of them, oldest first, before anything else.
        """
        now, is_full = held_clock(self._connection, now).sure, self._live_bytes() > keep.max_bytes
        stores = [store for store in self._writer.stores if isinstance(store, EventStore)]
        found: list[bool] = []

        def work() -> None:
            found.extend(store.tidy(self._connection, now, keep.events, is_full=is_full) for store in stores)

        self._writer.in_transaction(work)
        return any(found)

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
        deleted = {"minute": 0, "slot": 0}
        oldest = {"minute": now - keep.minute_seconds, "slot": now - keep.slot_seconds}

        def work() -> None:
            for spec in self._writer.specs:
                for grain in spec.grains[:-1]:
                    statement = f"DELETE FROM {spec.table(grain)} WHERE {grain} < ? AND NOT {grain} BETWEEN ? AND ?"  # noqa: S608 - names of the spec
                    bounds = (oldest[grain], *clock.misplaced)
                    deleted[grain] += self._connection.execute(statement, bounds).rowcount
            stores = (store for store in self._writer.stores if isinstance(store, EventStore))
            deleted["slot"] += sum(store.delete_slots(self._connection, oldest["slot"]) for store in stores)
            self._connection.execute(
                "DELETE FROM incident WHERE seen = 1 AND id <= (SELECT max(id) FROM incident) - ?",
                (INCIDENTS_KEPT,),
            )

        self._writer.in_transaction(work)
        return Removed(deleted["minute"], deleted["slot"])

    def _fold_gone(self, spec: MeterSpec, now: int) -> tuple[Subject, ...]:
        bounds = {
            "gone": GONE,
            "long_ago": now - spec.fold_days * DAY_SECONDS,
            "lately": now - RECENT_SECONDS,
            "kept": spec.most_gone,
        }
        rows = self._connection.execute(_find_gone(spec), bounds).fetchall()
        if rows:
            gone = {subject: spec.folded(key_of(key, spec)) for subject, key in rows}
            self._writer.in_transaction(lambda: self._fold(spec, gone, now), touches=ALWAYS)
            self._writer.forget_ids()
        return tuple(Subject(spec.name, key_of(key, spec)) for _, key in rows)

    def _fold(self, spec: MeterSpec, gone: Mapping[int, tuple[str, ...]], now: int) -> None:
        execute = self._connection.execute
        targets = {key: self._target(spec, key, now) for key in set(gone.values())}
        execute("CREATE TEMP TABLE IF NOT EXISTS gone (id INTEGER PRIMARY KEY, target INTEGER)")
        execute("DELETE FROM temp.gone")
        rows = ((subject, targets[key]) for subject, key in gone.items())
        self._connection.executemany("INSERT INTO temp.gone (id, target) VALUES (?, ?)", rows)
        for store in self._writer.stores:
            if store.spec == spec and isinstance(store, EventStore):
                store.fold(self._connection)
        number = execute(NEXT_POSTING).fetchone()[0]
        for grain in ("slot", "day"):  # one scan for all of them: time comes first in the key
            columns = ", ".join(spec.columns(grain))
            source = (
                f"SELECT {grain}, g.target AS subject, {columns} FROM {spec.table(grain)} AS u "  # noqa: S608 - names of the spec
                "JOIN temp.gone AS g ON g.id = u.subject"
            )
            execute(merge(spec, grain, source), {"number": number})
        execute(
            f"UPDATE {spec.movable} SET subject = (SELECT target FROM temp.gone WHERE id = subject) "  # noqa: S608 - as above
            "WHERE subject IN (SELECT id FROM temp.gone)"
        )
        for table, column in execute(OF_SUBJECTS).fetchall():
            execute(f'DELETE FROM {table} WHERE "{column}" IN (SELECT id FROM temp.gone)')  # noqa: S608 - as above
        execute("DELETE FROM state WHERE name IN (SELECT ? || id FROM temp.gone)", (COUNTER_BASE,))
        execute("DELETE FROM subject WHERE id IN (SELECT id FROM temp.gone)")

    def _target(self, spec: MeterSpec, dimensions: tuple[str, ...], now: int) -> int:
        """The id of a subject that others of its meter are folded into."""
        query, names = "SELECT id FROM subject WHERE meter = ? AND key = ?", (spec.name, key_text(dimensions))
        held = self._connection.execute(query, names).fetchone()
        if held is None:
            self._connection.execute(PUT_SUBJECT, (*names, now, now))
            held = self._connection.execute(query, names).fetchone()
            self._connection.execute(put_facts(spec), (held[0], *dimensions, *(0 for _ in spec.facts)))
        return int(held[0])

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


def _find_gone(spec: MeterSpec) -> str:
    """Subjects of a meter to fold; those with imported history keep it, and stay."""
    subjects = f"subject AS s JOIN {spec.subjects} AS k ON k.subject = s.id"
    uncounted = "k.counted = 0" if "counted" in spec.facts else "true"
    return f"""
        SELECT s.id, s.key FROM {subjects} WHERE {uncounted} AND k.{spec.foldable} <> :gone
          AND s.id NOT IN (SELECT subject FROM imported) AND (s.last_seen < :long_ago OR (s.last_seen < :lately
          AND s.id NOT IN (SELECT s.id FROM {subjects} WHERE {uncounted} ORDER BY s.last_seen DESC LIMIT :kept)))
    """  # noqa: S608 - names of the spec
