"""Every meter under one contract, and several beside each other in one ledger."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.upkeep.retention import Retention
from exporter.metering.postings import MeterCheckpoint, SubjectFacts
from exporter.metering.samples import Change, Sample
from exporter.metering.subjects import Subject
from exporter.meters.requests.intake import Intake
from reports.ledger.shape import INTERFACE, OTHER
from reports.ledger.sketches import decoded
from tests.meters.applications import FakeSource, applications
from tests.meters.contract import DAY, KEEP, MeterContract
from tests.meters.parcels import PARCEL, ParcelMeter, Parcels, ParcelStore
from tests.meters.requests import requests
from tests.meters.worlds import Metered, MeterWorld, interfaces, parcels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine


@pytest.fixture
def source() -> Parcels:
    return Parcels()


@pytest.fixture
def open_world(machine: Machine, empty_ledger: Path, tmp_path: Path) -> Iterator[Callable[..., MeterWorld]]:
    made: list[MeterWorld] = []

    def make(*meters: Metered) -> MeterWorld:
        made.append(MeterWorld(machine, tmp_path / "ledger.db", empty_ledger, meters))
        return made[-1]

    yield make
    for world in made:
        world.writer.close()


@pytest.fixture
def both(machine: Machine, source: Parcels, open_world: Callable[..., MeterWorld]) -> MeterWorld:
    """The interface meter and the one of three dimensions in one ledger."""
    return open_world(interfaces(machine), parcels(source))


class BrokenStore(ParcelStore):
    """Cannot write a checkpoint."""

    def write(self, *_: object) -> None:
        raise ValueError("the store broke")


class TestInterfaces(MeterContract):
    @pytest.fixture
    def metered(self, machine: Machine) -> Metered:
        return interfaces(machine)

    @pytest.fixture
    def world(self, metered: Metered, open_world: Callable[..., MeterWorld]) -> MeterWorld:
        return open_world(metered)


class TestParcels(MeterContract):
    @pytest.fixture
    def metered(self, source: Parcels) -> Metered:
        return parcels(source)

    @pytest.fixture
    def world(self, metered: Metered, machine: Machine, open_world: Callable[..., MeterWorld]) -> MeterWorld:
        # The clock's boot is known by the interface meter alone.
        return open_world(interfaces(machine), metered)


class TestApplications(MeterContract):
    is_remembered = False

    @pytest.fixture
    def metered(self, machine: Machine) -> Metered:
        return applications(FakeSource(), machine)

    @pytest.fixture
    def world(self, metered: Metered, machine: Machine, open_world: Callable[..., MeterWorld]) -> MeterWorld:
        return open_world(interfaces(machine), metered)

    def test_what_is_busy_once_a_year_keeps_its_name(self, metered: Metered, world: MeterWorld) -> None:
        world.start()
        metered.move("tax", 40)
        world.run()
        world.commit()
        for _ in range(5):
            world.machine.wait(60 * DAY)
            world.run()
            world.commit()

        assert Retention(world.writer, world.path).tidy(KEEP, world.machine.seconds).gone == ()
        assert world.received(metered.spec, "tax") == 40


class TestRequests(MeterContract):
    is_remembered, is_given = False, True

    @pytest.fixture
    def metered(self, machine: Machine) -> Metered:
        return requests(Intake(), machine)

    @pytest.fixture
    def world(self, metered: Metered, machine: Machine, open_world: Callable[..., MeterWorld]) -> MeterWorld:
        return open_world(interfaces(machine), metered)


def test_an_application_and_an_interface_of_one_name_never_meet(
    both: MeterWorld, machine: Machine, source: Parcels
) -> None:
    both.start()
    machine.move("eth0", 1000)
    source.move("eth0", 7)
    both.run()
    both.commit()
    both.stop()
    both.start()

    assert both.received(INTERFACE, "eth0") == 1000
    assert both.received(PARCEL, "eth0") == 7


def test_peaks_and_sketches_are_kept_by_slot_and_day(both: MeterWorld, source: Parcels) -> None:
    both.start()
    for size in (10, 400, 30):
        source.move("shop", size)
        both.run()
    both.commit()

    for grain in ("slot", "day"):
        ((largest, sketch),) = both.rows(f"SELECT largest_bytes, size_sketch FROM parcel_{grain}")  # noqa: S608
        assert largest == 400
        assert sum(decoded(sketch).values()) == 3


def test_subjects_beyond_the_most_are_other(both: MeterWorld, source: Parcels) -> None:
    both.start()
    for number in range(PARCEL.most_subjects + 3):
        source.move(f"sender-{number}", 10)
        both.run()
    both.commit()
    both.stop()
    both.start()
    source.move("late", 10)
    both.run()
    both.commit()

    assert both.received(PARCEL) == (PARCEL.most_subjects + 4) * 10
    assert both.received(PARCEL, OTHER) == 40
    assert both.rows("SELECT count(*) FROM subject WHERE meter = 'parcel'") == [(PARCEL.most_subjects + 1,)]


NONSENSE = {
    "no sample": {"changes": 3},
    "another meter's subject": Sample((Change(Subject("interface", ("eth0",)), (1, 2, 3)),)),
    "too few dimensions": Sample((Change(Subject("parcel", ("eth0",)), (1, 2, 3)),)),
    "a negative amount": Sample((Change(Subject("parcel", ("a", "b", "c")), (1, -2, 3)),)),
    "too few amounts": Sample((Change(Subject("parcel", ("a", "b", "c")), (1, 2)),)),
    "no integer": Sample((Change(Subject("parcel", ("a", "b", "c")), (1, 2.5, 3)),)),  # type: ignore[arg-type]
    "no changes": Sample(None),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
def test_a_meter_that_reports_nonsense_costs_its_own_series_only(
    both: MeterWorld, machine: Machine, source: Parcels, nonsense: object
) -> None:
    both.start()
    source.nonsense = nonsense
    machine.move("eth0", 500)
    both.run()
    both.commit()

    assert both.received(INTERFACE) == 500
    assert both.received(PARCEL) == 0
    assert both.view(INTERFACE).health.is_up
    assert not both.view(PARCEL).health.is_up
    assert both.view(PARCEL).health.error


def test_a_meter_that_raises_costs_its_own_series_only(both: MeterWorld, machine: Machine, source: Parcels) -> None:
    both.start()
    source.problem = "the counter broke"
    for _ in range(3):
        machine.move("eth0", 500)
        both.run()
    both.commit()
    assert both.received(INTERFACE) == 1500
    assert both.view(PARCEL).health.error == "the counter broke"

    machine_fails = interfaces(machine)
    machine_fails.fail("/proc/net/dev: gone")
    source.problem = ""
    source.move("shop", 8)
    both.run()
    both.commit()

    assert both.received(PARCEL) == 8
    assert not both.view(INTERFACE).health.is_up


def test_a_meter_that_hangs_holds_nobody_up_and_loses_nothing(
    machine: Machine, source: Parcels, open_world: Callable[..., MeterWorld]
) -> None:
    slow = parcels(source)._replace(build=lambda: ParcelMeter(source, is_quick=False))
    world = open_world(interfaces(machine), slow)
    world.start()
    source.hang.clear()
    source.move("shop", 9)
    began = time.monotonic()
    for _ in range(3):
        machine.move("eth0", 500)
        world.run()
    world.commit()
    waited = time.monotonic() - began

    assert world.received(INTERFACE) == 1500
    assert world.view(PARCEL).health.error.startswith("no answer within")
    assert waited < 0.5, "the first sample waits for a part of a second, and no later one"

    source.hang.set()
    time.sleep(0.05)
    world.run(2)
    world.commit()
    assert world.received(PARCEL) == 9
    assert world.view(PARCEL).health.is_up


def test_gaps_are_of_one_meter(both: MeterWorld, source: Parcels) -> None:
    both.start()
    source.problem = "gone"
    both.run(60)
    source.problem = ""
    both.run()
    both.commit()

    assert both.rows("SELECT DISTINCT meter FROM gap") == [("parcel",)]
    assert both.view(INTERFACE).gap_seconds == 0
    assert both.view(PARCEL).gap_seconds == 61


@pytest.mark.parametrize(
    "checkpoint",
    [None, MeterCheckpoint({Subject("interface", ("eth0",)): SubjectFacts(1, 1)}, {})],
    ids=["none", "wrong"],
)
def test_a_meter_that_cannot_say_what_it_resumes_from_keeps_its_usage_waiting(
    both: MeterWorld, machine: Machine, source: Parcels, checkpoint: object
) -> None:
    both.start()
    source.checkpoint = checkpoint
    source.has_checkpoint = False
    source.move("shop", 8)
    machine.move("eth0", 500)
    both.run()
    both.commit()
    assert (both.received(INTERFACE), both.received(PARCEL)) == (500, 0)

    source.has_checkpoint = True
    both.run()
    both.commit()

    assert both.received(PARCEL) == 8


def test_a_store_that_fails_costs_its_own_meter_only(
    machine: Machine, source: Parcels, open_world: Callable[..., MeterWorld]
) -> None:
    world = open_world(interfaces(machine), parcels(source)._replace(store=BrokenStore))
    world.start()
    source.move("shop", 8)
    for amount in (500, 70):
        machine.move("eth0", amount)
        world.run()
        world.commit()

    assert (world.received(INTERFACE), world.received(PARCEL)) == (570, 0)
    world.stop()
    world.meters = (interfaces(machine), parcels(source))
    world.start()
    assert world.received(PARCEL) == 8, "it resumes from its last good checkpoint"
