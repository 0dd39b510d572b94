"""The one writer: usage and checkpoint in one transaction, on a thread of its own."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_write
from exporter.ledger.schema import COUNTS, SPEEDS
from exporter.metering.postings import SET_FORWARD, Usage
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS, moved_back
from reports.periods import day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.metering.postings import Checkpoint, Posting, Realign, SubjectFacts
    from exporter.metering.readings import Subject

UNIX_EPOCH_ORDINAL = 719_163
"""date(1970, 1, 1).toordinal(): the day rows count days from there."""


def _upsert(table: str, time_column: str, sums: Iterable[str], peaks: Iterable[str]) -> str:
    sums, peaks = tuple(sums), tuple(peaks)
    columns = (time_column, "subject", *sums, *peaks)
    marks = ", ".join("?" * len(columns))
    adds = [f"{name} = {name} + excluded.{name}" for name in sums]
    tops = [f"{name} = max({name}, excluded.{name})" for name in peaks]
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) "  # noqa: S608 - names of our own schema
        f"ON CONFLICT ({time_column}, subject) DO UPDATE SET {', '.join(adds + tops)}"
    )


ADD_SLOT = _upsert("slot", "slot", (*COUNTS, "estimated_bytes"), SPEEDS)
ADD_DAY = _upsert("day", "day", (*COUNTS, "estimated_bytes"), SPEEDS)
ADD_MINUTE = _upsert("minute", "minute", ("receive_bytes", "transmit_bytes"), SPEEDS)

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

PUT_CHECKPOINT = f"""
INSERT OR REPLACE INTO checkpoint (
  subject, epoch, counter_bits, {", ".join(COUNTS)}, began_at, base_receive_bytes, base_transmit_bytes,
  ledger_receive_bytes, ledger_transmit_bytes, discarded_receive_bytes, discarded_transmit_bytes, read_at
) VALUES ({", ".join("?" * 19)})
"""  # noqa: S608 - names of our own schema
PUT_METER = """
INSERT INTO meter (name, posting, boot_id, namespace, wall, elapsed)
VALUES (:name, :posting, :boot_id, :namespace, :wall, :elapsed)
ON CONFLICT (name) DO UPDATE SET posting = :posting, boot_id = :boot_id, namespace = :namespace,
  wall = :wall, elapsed = :elapsed
"""
PUT_SUBJECT = """
INSERT INTO subject (kind, name, counted, uplink, first_seen, last_seen)
VALUES (:kind, :name, :counted, :uplink, :first_seen, :last_seen)
ON CONFLICT (kind, name) DO UPDATE SET counted = :counted, uplink = :uplink,
  first_seen = min(first_seen, :first_seen), last_seen = max(last_seen, :last_seen)
"""


class Writer:
    """Writes postings into an open ledger. All calls come from one thread."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        """`zone` is where the day rows are cut. The ledger is opened by the first call, and again after a failure."""
        self._path = path
        self._zone = zone
        self._opened: sqlite3.Connection | None = None
        self._inode = 0
        self._ids: dict[Subject, int] = {}
        self._known: frozenset[int] | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection; raises sqlite3.OperationalError while the ledger cannot be opened."""
        if self._opened is None:
            self._opened = connect_to_write(self._path)
            self._inode = self._path.stat().st_ino
        return self._opened

    def close(self) -> None:
        """Copy the log into the file and let go of it."""
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error):
                self.checkpoint_log(truncate=True)
            self._opened.close()
            self._opened = None

    def post(self, posting: Posting) -> float:
        """Commit one posting, all or nothing; returns the seconds it took.

        Raises sqlite3.Error, and nothing is changed; FileNotFoundError where the ledger was taken away. A posting that
        the ledger already holds (its commit was reported as failed, and was not) is not applied again.
        """
        began = time.perf_counter()
        if self._opened is not None and self._path.stat().st_ino != self._inode:
            raise FileNotFoundError(f"{self._path} was replaced by another file")
        self.in_transaction(lambda: self._apply(posting))
        return time.perf_counter() - began

    def in_transaction(self, work: Callable[[], None]) -> None:
        """Run `work` in one transaction that is rolled back whole when anything in it fails."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            work()
            connection.execute("COMMIT")
        except BaseException:
            self._ids.clear()
            self._known = None
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def checkpoint_log(self, *, truncate: bool = False) -> None:
        """Copy the write-ahead log into the file, so that it neither grows nor holds all there is."""
        mode = "TRUNCATE" if truncate else "PASSIVE"
        self.connection.execute(f"PRAGMA wal_checkpoint({mode})")

    def forget_ids(self) -> None:
        """Look subjects up again: some were folded together."""
        self._ids.clear()

    def _apply(self, posting: Posting) -> None:
        held = self.connection.execute("SELECT posting FROM meter WHERE name = ?", (posting.meter,)).fetchone()
        if held is not None and held[0] >= posting.state.posting:
            return
        self._put_subjects(posting.subjects)
        for realign in posting.realigns:
            self._pull_back(realign)
        self._add_usage(posting.slots, posting.minutes)
        self._put_checkpoints(posting.checkpoints)
        self._note(posting)
        state = posting.state
        row = {
            "name": posting.meter,
            "posting": state.posting,
            "boot_id": state.boot_id,
            "namespace": state.namespace,
            "wall": state.wall,
            "elapsed": state.elapsed,
        }
        self.connection.execute(PUT_METER, row)
        self._put_known(posting.meter, state.known)

    def _put_known(self, meter: str, known: frozenset[int]) -> None:
        """Written when it changes only: a host of containers has a thousand indexes, and a commit every ten seconds."""
        if known != self._known:
            row = (f"known:{meter}", " ".join(map(str, sorted(known))))
            self.connection.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", row)
            self._known = known

    def _put_subjects(self, subjects: Mapping[Subject, SubjectFacts]) -> None:
        rows = [
            {
                "kind": subject.kind,
                "name": subject.name,
                "counted": int(facts.is_counted),
                "uplink": int(facts.is_uplink),
                "first_seen": facts.first_seen,
                "last_seen": facts.last_seen,
            }
            for subject, facts in subjects.items()
        ]
        self.connection.executemany(PUT_SUBJECT, rows)

    def _add_usage(
        self, slots: Mapping[tuple[int, Subject], Usage], minutes: Mapping[tuple[int, Subject], Usage]
    ) -> None:
        days: dict[tuple[int, Subject], Usage] = {}
        for (start, subject), usage in slots.items():
            key = (day_number(day_of(start, self._zone)), subject)
            days[key] = usage.plus(days[key]) if key in days else usage
        connection = self.connection
        connection.executemany(ADD_SLOT, map(self._row, slots.items()))
        connection.executemany(ADD_DAY, map(self._row, days.items()))
        connection.executemany(
            ADD_MINUTE,
            (
                (
                    start,
                    self._id(subject),
                    usage.counts.receive_bytes,
                    usage.counts.transmit_bytes,
                    *usage.peaks,
                )
                for (start, subject), usage in minutes.items()
            ),
        )

    def _row(self, item: tuple[tuple[int, Subject], Usage]) -> tuple[int, ...]:
        (start, subject), usage = item
        return (start, self._id(subject), *usage.counts, usage.estimated_bytes, *usage.peaks)

    def _put_checkpoints(self, checkpoints: Mapping[Subject, Checkpoint]) -> None:
        self.connection.executemany(
            PUT_CHECKPOINT,
            (
                (
                    self._id(subject),
                    str(held.epoch),
                    held.counter_bits,
                    *held.counts,
                    held.began_at,
                    *held.base,
                    *held.ledger,
                    *held.discarded,
                    held.read_at,
                )
                for subject, held in checkpoints.items()
            ),
        )

    def _note(self, posting: Posting) -> None:
        self.connection.executemany(
            "INSERT INTO gap (meter, began, ended, cause, bytes) VALUES (?, ?, ?, ?, ?)",
            ((posting.meter, *gap) for gap in posting.gaps),
        )
        self.connection.executemany(
            "INSERT INTO incident (at, subject, what, bytes, detail, seen) VALUES (?, ?, ?, ?, ?, ?)",
            ((*incident[:5], int(not incident.is_notice)) for incident in posting.incidents),
        )

    def _pull_back(self, realign: Realign) -> None:
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
        since: int | None = self.connection.execute(query, (SET_FORWARD, realign.after)).fetchone()[0]
        return since

    def _pull_back_slots(self, realign: Realign, since: int) -> None:
        latest = max(realign.after // SLOT_SECONDS * SLOT_SECONDS, since - SLOT_SECONDS)
        columns = ", ".join((*COUNTS, "estimated_bytes", *SPEEDS))
        query = f"SELECT slot, subject, {columns} FROM slot WHERE slot > ?"  # noqa: S608 - names of our own schema
        rows = self.connection.execute(query, (latest,)).fetchall()
        if not rows:
            return
        self.connection.execute("DELETE FROM slot WHERE slot > ?", (latest,))
        touched: set[int] = set()
        for slot, subject, *amounts in rows:
            target = moved_back(slot, realign.after, realign.seconds, SLOT_SECONDS)
            self.connection.execute(ADD_SLOT, (target, subject, *amounts))
            self._move_between_days(slot, target, subject, amounts)
            touched.add(day_number(day_of(slot, self._zone)))
        self._drop_empty_days(touched)

    def _pull_back_notes(self, realign: Realign, since: int) -> None:
        """What is dated, and not usage: by the instant, with the same shift."""
        for table, column in DATED:
            moved = f"min({column} - :seconds, :after)"
            self.connection.execute(
                f"UPDATE {table} SET {column} = {moved} WHERE {column} > :after AND {column} >= :since",  # noqa: S608 - names of our own schema
                {"after": realign.after, "seconds": realign.seconds, "since": since},
            )

    def _pull_back_minutes(self, realign: Realign, since: int) -> None:
        latest = max(realign.after // MINUTE_SECONDS * MINUTE_SECONDS, since - MINUTE_SECONDS)
        rows = self.connection.execute("SELECT * FROM minute WHERE minute > ?", (latest,)).fetchall()
        self.connection.execute("DELETE FROM minute WHERE minute > ?", (latest,))
        self.connection.executemany(
            ADD_MINUTE,
            ((moved_back(row[0], realign.after, realign.seconds, MINUTE_SECONDS), *row[1:]) for row in rows),
        )

    def _move_between_days(self, slot: int, target: int, subject: int, amounts: list[int]) -> None:
        before, after = (day_number(day_of(seconds, self._zone)) for seconds in (slot, target))
        if before == after:
            return
        moved = len(COUNTS) + 1
        self.connection.execute(ADD_DAY, (after, subject, *amounts))
        less = [*(-amount for amount in amounts[:moved]), *(0 for _ in SPEEDS)]
        self.connection.execute(ADD_DAY, (before, subject, *less))

    def _drop_empty_days(self, days: set[int]) -> None:
        nothing = " AND ".join(f"{name} = 0" for name in COUNTS)
        self.connection.executemany(
            f"DELETE FROM day WHERE day = ? AND {nothing}",  # noqa: S608 - names of our own schema
            ((day,) for day in days),
        )

    def _id(self, subject: Subject) -> int:
        known = self._ids.get(subject)
        if known is None:
            query = "SELECT id FROM subject WHERE kind = ? AND name = ?"
            known = self._ids[subject] = self.connection.execute(query, subject).fetchone()[0]
        return known


def day_number(day: date) -> int:
    """Days since 1970-01-01, as the day rows count."""
    return day.toordinal() - UNIX_EPOCH_ORDINAL
