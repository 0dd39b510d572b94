"""The one writer: usage and checkpoint in one transaction, on a thread of its own."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_write
from exporter.ledger.realignment import Realignment
from exporter.ledger.statements import (
    ADD_DAY,
    ADD_MINUTE,
    ADD_SLOT,
    PUT_CHECKPOINT,
    PUT_METER,
    PUT_SUBJECT,
)
from reports.periods import day_number, day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.metering.postings import Checkpoint, Posting, SubjectFacts, Usage
    from exporter.metering.readings import Subject


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
            Realignment(self.connection, self._zone).apply(realign)
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

    def _id(self, subject: Subject) -> int:
        known = self._ids.get(subject)
        if known is None:
            query = "SELECT id FROM subject WHERE kind = ? AND name = ?"
            known = self._ids[subject] = self.connection.execute(query, subject).fetchone()[0]
        return known
