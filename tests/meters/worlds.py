"""Meters over one ledger, driven step by step as a service drives them: sampled, posted, killed, started again."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from exporter.ledger.files import connect_to_read
from exporter.ledger.opening.checks import faults_in
from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.writing.writer import Writer
from exporter.metering.journal import Journal
from exporter.metering.sampler import Sampler
from exporter.meters.interfaces.counting import CountingRules
from exporter.meters.interfaces.meter import InterfaceMeter, InterfaceOptions
from exporter.meters.interfaces.store import InterfaceStore
from reports.ledger.shape import GONE, INTERFACE, MeterSpec
from tests.meters.parcels import PARCEL, ParcelMeter, Parcels, ParcelStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from exporter.metering.postings import Posting
    from exporter.metering.samples import Meter, MeterStore
    from exporter.metering.snapshots import MeterView
    from tests.worlds.fake_machine import Machine

UTC = ZoneInfo("UTC")


class Metered(NamedTuple):
    """A meter under contract: how it is built and stored, and what moves bytes of one of its subjects."""

    spec: MeterSpec
    store: Callable[[], MeterStore]
    build: Callable[[], Meter]
    move: Callable[[str, int], None]
    leave: Callable[[str], None]
    fail: Callable[[str], None]


class MeterWorld:
    """One ledger, one clock (the machine's), and the meters that it is opened with."""

    def __init__(self, machine: Machine, path: Path, template: Path, meters: Sequence[Metered]) -> None:
        shutil.copyfile(template, path)
        self.machine, self.path, self.meters = machine, path, meters
        self.zone = UTC
        self.waiting: Posting | None = None

    def start(self) -> None:
        """As a service starts."""
        self.opened = open_ledger(self.path, [each.store() for each in self.meters], self.zone)
        self.writer = Writer(self.path, self.zone, [each.store() for each in self.meters])
        self.journal = Journal()
        self.sampler = Sampler(
            meters=[each.build() for each in self.meters],
            clock=self.machine,
            journal=self.journal,
            totals=self.opened.totals,
            opening=self.opened.opening,
        )
        self.waiting = None
        self.sampler.sample()
        self.commit()

    def run(self, seconds: int = 1) -> None:
        """A sample a second."""
        for _ in range(seconds):
            self.machine.wait(1)
            self.sampler.sample()

    def commit(self) -> None:
        """Post what waits, and what there is."""
        posting = self.waiting or self.sampler.take()
        if posting is not None:
            self.waiting = posting
            self.writer.post(posting)
            self.sampler.note_posted()
            self.waiting = None

    def crash(self) -> None:
        """kill -9: what was not committed is forgotten."""
        self.writer.close()

    def stop(self) -> None:
        """A clean stop posts the last sample."""
        self.sampler.sample()
        self.commit()
        self.writer.close()

    def view(self, spec: MeterSpec) -> MeterView:
        """What the newest snapshot shows of a meter."""
        assert self.sampler.snapshot is not None
        return self.sampler.snapshot.meters[spec.name]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the file itself."""
        with contextlib.closing(connect_to_read(self.path)) as connection:
            return connection.execute(query, values).fetchall()

    def received(self, spec: MeterSpec, name: str | None = None, table: str = "day") -> int:
        """Bytes received of a meter in the ledger: of all its subjects, or of those whose first dimension is `name`."""
        first = spec.foldable if name == GONE else spec.dimensions[0]
        query = f"""
            SELECT ifnull(sum(u.{measure(spec)}), 0) FROM {spec.table(table)} AS u
            JOIN {spec.subjects} AS k USING (subject)
            WHERE ? IS NULL OR k.{first} = ?
        """  # noqa: S608 - names of the spec
        return int(self.rows(query, name, name)[0][0])

    def faults(self) -> list[str]:
        """What is wrong in the ledger in itself."""
        with contextlib.closing(connect_to_read(self.path)) as connection:
            return faults_in(connection, [each.spec for each in self.meters])


def measure(spec: MeterSpec) -> str:
    """The sum that `Metered.move` adds to."""
    return next(name for name in spec.sums if name.endswith("_bytes"))


def interfaces(machine: Machine) -> Metered:
    """The interface meter over the machine in memory."""

    def move(name: str, amount: int) -> None:
        if name not in machine.interfaces:
            machine.create(name, is_physical=False)
        machine.move(name, amount)

    def fail(problem: str) -> None:
        for meter in machine.meters:
            meter.problem = problem

    def build() -> Meter:
        for meter in list(machine.meters):
            meter.close()
        return InterfaceMeter(reader=machine.meter(), clock=machine, rules=CountingRules(), options=InterfaceOptions())

    return Metered(INTERFACE, InterfaceStore, build, move, machine.delete, fail)


def parcels(source: Parcels) -> Metered:
    """The meter of three dimensions."""

    def fail(problem: str) -> None:
        source.problem = problem

    return Metered(PARCEL, ParcelStore, lambda: ParcelMeter(source), source.move, lambda _: None, fail)


GONE_KEYS = {spec.name: (GONE,) * len(spec.dimensions) for spec in (INTERFACE, PARCEL)}
