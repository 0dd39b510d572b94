"""A meter of three dimensions, with a peak and a sketch, that no product file knows: parcels that pass a counter."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.postings import MeterCheckpoint, OpeningBalance, SubjectFacts
from exporter.metering.samples import Boot, Change, MeterError, Peak, Sample, SampleInterval
from exporter.metering.subjects import Subject
from reports.ledger.shape import MeterSpec
from reports.ledger.sketches import bucket_of, encoded

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

PARCEL = MeterSpec(
    name="parcel",
    dimensions=("sender", "scope", "protocol"),
    sums=("receive_bytes", "transmit_bytes", "parcels"),
    peaks=("largest_bytes",),
    sketches=("size_sketch",),
    minute_sums=("receive_bytes",),
    most_subjects=4,
)

Key = tuple[str, str, str]


class Parcels:
    """What the meter reads: cumulative counts by sender, as a kernel would keep them; it outlives every meter."""

    def __init__(self) -> None:
        self.counts: dict[Key, tuple[int, int, int]] = {}
        self.sizes: dict[Key, list[int]] = {}
        self.problem = ""
        """What a read fails with."""
        self.hang = threading.Event()
        """A read waits until it is set."""
        self.hang.set()
        self.nonsense: object = None
        """What is reported in place of a sample."""
        self.has_checkpoint = True
        self.checkpoint: object = None
        """Else what is given in place of a checkpoint."""

    def move(self, sender: str, received: int, transmitted: int = 0, *, scope: str = "internet") -> None:
        """One parcel."""
        key = (sender, scope, "tcp")
        held = self.counts.get(key, (0, 0, 0))
        self.counts[key] = (held[0] + received, held[1] + transmitted, held[2] + 1)
        self.sizes.setdefault(key, []).append(received + transmitted)

    def close(self) -> None:
        """Nothing is held open."""


class Held(NamedTuple):
    """What the meter resumes from: counts by key that are in the ledger."""

    counts: Mapping[Key, tuple[int, int, int]] = {}


class ParcelsState(NamedTuple):
    """What the meter shows."""

    parcels: Mapping[Key, int] = {}


class ParcelMeter:
    """Differences the counts against its own checkpoint."""

    spec = PARCEL

    def __init__(self, parcels: Parcels, *, is_quick: bool = True) -> None:
        self._parcels, self.is_quick = parcels, is_quick
        self._known: dict[Key, tuple[int, int, int]] = {}
        self._read: dict[Key, tuple[int, int, int]] = {}
        self._changed: set[Key] = set()
        self._at = 0

    def resume(self, opening: OpeningBalance) -> ParcelsState:
        held = opening.held
        assert isinstance(held, Held)
        self._known = dict(held.counts)
        return ParcelsState()

    def read(self) -> Boot | None:
        self._parcels.hang.wait()
        if self._parcels.problem:
            raise MeterError(self._parcels.problem)
        self._read = dict(self._parcels.counts)
        return None

    def sample(self, interval: SampleInterval) -> Sample:
        self._at = interval.ended // 10**9
        if self._parcels.nonsense is not None:
            return self._parcels.nonsense  # type: ignore[return-value]  # on purpose
        minute = (interval.ended - 1) // (60 * 10**9) * 60
        changes, peaks = [], []
        for key, now in self._read.items():
            before = self._known.get(key, (0, 0, 0))
            if now == before:
                continue
            subject = Subject(PARCEL.name, key)
            sizes = self._parcels.sizes.pop(key, [])
            buckets: dict[int, int] = {}
            for size in sizes:
                buckets[bucket_of(size)] = buckets.get(bucket_of(size), 0) + 1
            amounts = (now[0] - before[0], now[1] - before[1], now[2] - before[2])
            changes.append(Change(subject, amounts, bool(interval.gap), by_minute=True, sketches=(encoded(buckets),)))
            peaks.append(Peak(subject, minute, (max(sizes, default=0),), by_minute=True))
            self._known[key] = now
            self._changed.add(key)
        return Sample(
            tuple(changes), tuple(peaks), state=ParcelsState({key: n for key, (_, _, n) in self._read.items()})
        )

    def checkpoint(self) -> MeterCheckpoint:
        if not self._parcels.has_checkpoint:
            return self._parcels.checkpoint  # type: ignore[return-value]  # on purpose
        changed, self._changed = self._changed, set()
        facts = {Subject(PARCEL.name, key): SubjectFacts(self._at, self._at) for key in changed}
        return MeterCheckpoint(facts, {}, Held({key: self._known[key] for key in changed}))

    def note_posted(self) -> object:
        return None

    def forget(self, subjects: Iterable[Subject]) -> None:
        for subject in subjects:
            sender, scope, protocol = subject.key
            self._known.pop((sender, scope, protocol), None)

    def refresh(self) -> None:
        """Nothing is slow."""

    def handover(self) -> object:
        return None


class ParcelStore:
    """One row for each key: the counts that are in the ledger."""

    spec = PARCEL

    def statements(self) -> Iterable[str]:
        return (
            """
            CREATE TABLE IF NOT EXISTS parcel_checkpoint (
              sender TEXT, scope TEXT, protocol TEXT, receive_bytes INTEGER, transmit_bytes INTEGER, parcels INTEGER,
              PRIMARY KEY (sender, scope, protocol)
            ) STRICT
            """,
        )

    def read(self, connection: sqlite3.Connection) -> Held:
        rows = connection.execute("SELECT * FROM parcel_checkpoint")
        return Held({(a, b, c): (r, t, n) for a, b, c, r, t, n in rows})

    def write(
        self, connection: sqlite3.Connection, checkpoint: MeterCheckpoint, _id_of: Callable[[Subject], int]
    ) -> None:
        assert isinstance(checkpoint.state, Held)
        rows = [(*key, *counts) for key, counts in checkpoint.state.counts.items()]
        connection.executemany("INSERT OR REPLACE INTO parcel_checkpoint VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self) -> None:
        """Nothing is remembered between transactions."""
