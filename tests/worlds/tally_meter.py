"""Meters that report what a test tells them: of several dimensions, without minutes, with peaks and sketches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.postings import MeterCheckpoint, SubjectFacts
from exporter.metering.samples import Boot, Change, Peak, Sample
from exporter.metering.subjects import Subject
from reports.ledger.shape import MeterSpec
from reports.ledger.sketches import bucket_of, encoded

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from exporter.metering.postings import OpeningBalance
    from exporter.metering.samples import SampleInterval
    from tests.worlds.fake_machine import Machine

PROGRAM = MeterSpec(
    name="program",
    dimensions=("program", "scope", "protocol"),
    sums=("receive_bytes", "transmit_bytes", "receive_packets", "transmit_packets"),
    minute_sums=("receive_bytes", "transmit_bytes"),
)
CALL = MeterSpec(
    name="call",
    dimensions=("service", "route"),
    sums=("calls", "errors", "duration_us"),
    peaks=("longest_us",),
    sketches=("duration_sketch",),
)
FIREFOX, CURL = ("firefox", "internet", "tcp"), ("curl", "lan", "tcp")
CART, LOGIN = ("shop", "GET /cart"), ("shop", "POST /login")


class TallyMeter:
    """A meter of any spec."""

    is_quick = True

    def __init__(self, spec: MeterSpec, machine: Machine) -> None:
        """Nothing is counted yet."""
        self.spec, self._machine = spec, machine
        self._changes: list[Change] = []
        self._peaks: list[Peak] = []
        self._seen: dict[Subject, SubjectFacts] = {}

    def count(self, key: tuple[str, ...], *amounts: int) -> None:
        """Count amounts, the last of which is a value of the peak and of the sketch where the spec has them."""
        subject = Subject(self.spec.name, key)
        now = self._machine.seconds
        sketches = (encoded({bucket_of(amounts[-1]): 1}),) if self.spec.sketches else ()
        self._changes.append(Change(subject, amounts, by_minute=bool(self.spec.minute_sums), sketches=sketches))
        if self.spec.peaks:
            self._peaks.append(Peak(subject, now // 60 * 60, (amounts[-1],)))
        self._seen[subject] = SubjectFacts(now, now)

    def resume(self, opening: OpeningBalance) -> object:
        return opening.held

    def read(self) -> Boot | None:
        return None

    def sample(self, interval: SampleInterval) -> Sample:  # noqa: ARG002 - the protocol's
        sample = Sample(tuple(self._changes), tuple(self._peaks))
        self._changes, self._peaks = [], []
        return sample

    def checkpoint(self) -> MeterCheckpoint:
        seen, self._seen = self._seen, {}
        return MeterCheckpoint(seen, dict.fromkeys(seen, self._machine.seconds))

    def note_posted(self) -> object:
        return None

    def forget(self, subjects: Iterable[Subject]) -> None:
        pass

    def refresh(self) -> None:
        pass

    def handover(self) -> object:
        return None


class TallyStore:
    """When each subject was counted last."""

    def __init__(self, spec: MeterSpec) -> None:
        """The table has the meter's name."""
        self.spec = spec

    def statements(self) -> tuple[str, ...]:
        columns = "subject INTEGER PRIMARY KEY REFERENCES subject (id), read_at INTEGER NOT NULL"
        return (f"CREATE TABLE IF NOT EXISTS {self.spec.name}_checkpoint ({columns}) STRICT",)

    def read(self, connection: sqlite3.Connection) -> object:
        return connection.execute(f"SELECT * FROM {self.spec.name}_checkpoint").fetchall()  # noqa: S608 - our own

    def write(
        self, connection: sqlite3.Connection, checkpoint: MeterCheckpoint, id_of: Callable[[Subject], int]
    ) -> None:
        rows = ((id_of(subject), at) for subject, at in checkpoint.subjects.items())
        connection.executemany(f"INSERT OR REPLACE INTO {self.spec.name}_checkpoint VALUES (?, ?)", rows)  # noqa: S608 - our own

    def forget(self) -> None:
        pass
