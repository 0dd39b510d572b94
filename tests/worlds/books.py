"""A service's life without its tasks: the real sampler, writer and ledger, driven step by step."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from exporter.ledger.files import connect_to_read
from exporter.ledger.opening.checks import faults_in
from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.writing.writer import Writer
from exporter.metering.counters.events import FOREIGN
from exporter.metering.journal import Journal
from exporter.metering.sampler import Sampler
from exporter.meters.interfaces.counting import CountingRules
from exporter.meters.interfaces.meter import FIRST, InterfaceMeter, InterfaceOptions
from exporter.meters.interfaces.state import interfaces_of
from exporter.meters.registry import new_stores
from reports.ledger.reader import LedgerReader, Unposted, UnpostedRow
from reports.ledger.selection import of_interfaces
from reports.usage.audit import KernelCounter, audit
from tests.worlds.tally_meter import TallyMeter, TallyStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from exporter.ledger.opening.opening import Opened
    from exporter.metering.postings import Posting
    from exporter.metering.samples import MeterStore
    from exporter.metering.snapshots import MeterHealth
    from exporter.metering.totals import Totals
    from exporter.meters.interfaces.state import InterfaceState
    from reports.usage.audit import Audit
    from tests.worlds.fake_machine import FakeMeter, Interface, Machine, Pair

UTC = ZoneInfo("UTC")


class Shot(NamedTuple):
    """What one sample shows of the interfaces."""

    interfaces: tuple[InterfaceState, ...]
    resets: Mapping[tuple[str, str], int]
    discarded: Mapping[tuple[str, str], int]
    health: MeterHealth
    gap_seconds: int
    is_gap_open: bool


class Books:
    """Start, sample, commit, stop and crash as a service does; `known` is what an honest ledger must hold."""

    def __init__(self, machine: Machine, path: Path, *, template: Path, zone: ZoneInfo = UTC) -> None:
        """A new ledger at `path`, from a template that spares the migration; its lookouts begin with `start`."""
        shutil.copyfile(template, path)
        self.machine, self.path, self.zone = machine, path, zone
        self.rules, self.options, self.gap_seconds = CountingRules(), InterfaceOptions(), 15.0
        self.handover = FIRST
        self.others: list[TallyMeter] = []
        self.known: dict[Interface, Pair] = {}
        self.baseline: dict[Interface, Pair] = {}
        self.running = False
        self.waiting: Posting | None = None
        self.number = 0
        self._is_first_look = True
        self._taken: dict[Interface, Pair] = {}

    meter: FakeMeter
    writer: Writer
    sampler: Sampler
    journal: Journal
    totals: Totals
    opened: Opened

    def start(self) -> Shot:
        """As a service starts: carry forward, take the first sample, commit it."""
        self.opened = open_ledger(self.path, self.stores, self.zone)
        self.writer = Writer(self.path, self.zone, self.stores)
        self.journal, self.totals = Journal(), self.opened.totals
        self.meter = self.machine.meter()
        self.interfaces = InterfaceMeter(
            reader=self.meter, clock=self.machine, rules=self.rules, options=self.options, handover=self.handover
        )
        self.sampler = Sampler(
            meters=[self.interfaces, *self.others],
            clock=self.machine,
            journal=self.journal,
            totals=self.totals,
            opening=self.opened.opening,
            gap_seconds=self.gap_seconds,
        )
        self.running, self.waiting = True, None
        self.number = self.opened.opening.number
        if self._is_first_look and not self.options.count_since_boot:
            self.baseline = {here: here.moved for here in self.machine.interfaces.values()}
        self._is_first_look = False
        shot = self.sample()
        if FOREIGN in {incident.what for incident in self.journal.incidents}:
            self._begin_at_baselines()
        self.commit()
        return shot

    @property
    def stores(self) -> list[MeterStore]:
        """A store of each meter, for one writer."""
        return [*new_stores(), *(TallyStore(meter.spec) for meter in self.others)]

    def sample(self) -> Shot:
        """Look once."""
        self.sampler.sample()
        return self.shot

    @property
    def shot(self) -> Shot:
        """What the newest sample shows of the interfaces."""
        snapshot = self.sampler.snapshot
        assert snapshot is not None
        state, view = interfaces_of(snapshot), snapshot.meters["interface"]
        return Shot(
            state.interfaces, state.resets, state.discarded, view.health, view.gap_seconds, is_gap_open=view.is_gap_open
        )

    @property
    def machine_exposed(self) -> int:
        """Received bytes by the machine's counter of /metrics."""
        snapshot = self.sampler.snapshot
        assert snapshot is not None
        return interfaces_of(snapshot).machine_exposed[0]

    def run(self, seconds: int) -> None:
        """A sample a second."""
        for _ in range(seconds):
            self.machine.wait(1)
            self.sample()

    def commit(self) -> None:
        """Post as the Poster does: what waits first; sqlite3.Error leaves it waiting."""
        if self.waiting is not None:
            self._post(self.waiting)
        posting = self.sampler.take()
        if posting is not None:
            self._taken = dict(self.meter.seen)
            self.waiting, self.number = posting, posting.number
            self._post(posting)

    def commit_while_locked(self) -> None:
        """Another program holds the ledger: the commit fails, and counting goes on."""
        self.writer.connection.execute("PRAGMA busy_timeout = 0")
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with contextlib.suppress(sqlite3.OperationalError):
                self.commit()
            other.execute("ROLLBACK")

    def stop(self) -> None:
        """A clean stop posts the last sample."""
        self.sample()
        if self.sampler.is_undecided:
            self.sample()
        self.commit()
        self._leave()

    def crash(self) -> None:
        """kill -9: whatever was not committed is forgotten."""
        self._leave()

    def true_traffic(self) -> Pair:
        """What moved since the first start, as far as anybody could know."""
        sides = [0, 0]
        for interface, moved in self.known.items():
            base = self.baseline.get(interface, (0, 0))
            for side in (0, 1):
                sides[side] += moved[side] - base[side]
        return sides[0], sides[1]

    @contextlib.contextmanager
    def reading(self) -> Iterator[LedgerReader]:
        """The reports' reader, what waits included."""
        with contextlib.closing(connect_to_read(self.path)) as connection:
            reader = LedgerReader(connection, fetch_unposted=self._unposted)
            with reader.at_one_moment():
                yield reader

    def lifetime(self, device: str) -> Pair:
        """Bytes of one interface in the ledger, what waits included; zeros for an unknown one."""
        with self.reading() as reader:
            told = reader.lifetime(of_interfaces([device]))
        return told.received, told.sent

    def lifetime_of_all(self) -> Pair:
        """Bytes of all interfaces, counted or not, by the ledger's days."""
        return self._sum("usage_by_day")

    def lifetime_by_slots(self) -> Pair:
        """The same by its quarter hours."""
        return self._sum("usage_by_slot")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the file itself."""
        with contextlib.closing(connect_to_read(self.path)) as connection:
            return connection.execute(query).fetchall()

    def faults(self) -> list[str]:
        """What is wrong in the books in themselves."""
        with contextlib.closing(connect_to_read(self.path)) as connection:
            return faults_in(connection, [store.spec for store in self.stores])

    def audit(self) -> Audit:
        """Compare with the counters that the machine shows now."""
        kernel = {
            name: KernelCounter(
                f"{self.machine.boot_id}/{self.machine.namespace}/{here.index}",
                (here.counts.receive_bytes, here.counts.transmit_bytes),
            )
            for name, here in self.machine.interfaces.items()
        }
        with (
            contextlib.closing(connect_to_read(self.path)) as connection,
            LedgerReader(connection).at_one_moment() as reader,
        ):
            return audit(reader, kernel, self.machine.seconds)

    def _post(self, posting: Posting) -> None:
        self.writer.post(posting)
        self.waiting = None
        self.known = self.known | self._taken

    def _begin_at_baselines(self) -> None:
        """Nobody can know what was moved since the last look."""
        for here in self.machine.interfaces.values():
            known, base = self.known.get(here, (0, 0)), self.baseline.get(here, (0, 0))
            self.baseline[here] = (base[0] + here.moved[0] - known[0], base[1] + here.moved[1] - known[1])

    def _leave(self) -> None:
        self.meter.close()
        self.writer.close()
        self.running, self.waiting = False, None

    def _sum(self, view: str) -> Pair:
        ((received, sent),) = self.rows(
            f"SELECT ifnull(sum(receive_bytes), 0), ifnull(sum(transmit_bytes), 0) FROM {view}"  # noqa: S608
        )
        return received, sent

    def _unposted(self) -> Unposted:
        if not self.running:
            return Unposted()
        upcoming = self.number + 1
        held = {upcoming: (self.journal.slots, self.journal.minutes)}
        if self.waiting is not None:
            held[upcoming - 1] = (self.waiting.slots, self.waiting.minutes)
        lists: tuple[list[UnpostedRow], list[UnpostedRow]] = ([], [])
        for number, tables in held.items():
            for rows, target in zip(tables, lists, strict=True):
                for (started, subject), usage in rows.items():
                    is_counted = subject.name in self.machine.uplinks
                    target.append(UnpostedRow(number, subject.meter, subject.key, is_counted, started, *usage))
        return Unposted(*lists)
