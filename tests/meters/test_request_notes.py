"""Notes of doors: what a door keeps of its own goes into the ledger with the events that it came with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.events import Batch
from exporter.meters.requests.intake import Intake
from tests.meters.requests import event, requests
from tests.meters.worlds import MeterWorld, interfaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def world(intake: Intake, machine: Machine, empty_ledger: Path, tmp_path: Path) -> Iterator[MeterWorld]:
    meters = (interfaces(machine), requests(intake, machine))
    made = MeterWorld(machine, tmp_path / "ledger.db", empty_ledger, meters)
    made.start()
    yield made
    made.writer.close()


def _note(world: MeterWorld, intake: Intake, name: str, value: str) -> None:
    intake.add_soon(Batch([event(world.machine.seconds)], notes={name: value}))
    world.run()


def test_a_note_is_read_as_the_next_posting_leaves_it(world: MeterWorld, intake: Intake) -> None:
    _note(world, intake, "door", "1")
    _note(world, intake, "door", "2")
    _note(world, intake, "gone", "1")
    _note(world, intake, "gone", "")

    assert {name: intake.notes.get(name) for name in ("door", "gone")} == {"door": "2", "gone": None}


def test_a_crash_keeps_the_note_of_the_events_that_it_keeps(world: MeterWorld, intake: Intake) -> None:
    _note(world, intake, "door", "committed")
    world.commit()
    _note(world, intake, "door", "lost")
    world.crash()
    world.start()

    assert intake.notes["door"] == "committed"


def test_when_the_meter_began_is_kept(world: MeterWorld, intake: Intake) -> None:
    began = intake.began
    world.machine.wait(86_400)
    world.run()
    world.stop()
    world.start()

    assert began == intake.began != 0
