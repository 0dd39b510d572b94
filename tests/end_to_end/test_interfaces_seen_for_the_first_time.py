"""Devices that appear: their own past is a baseline, what they move under our eyes counts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.namespaces import Moved
from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces

FIFTY_MEGABYTES_IN_DATAGRAMS_OF_60_KB = 834


@pytest.mark.parametrize("seconds_before_it_moves", [0.0, 0.7])
def test_a_device_moved_in_with_50_mb_counts_only_what_it_moves_here(
    world: World, seconds_before_it_moves: float
) -> None:
    modem = world.cable("modem0", subnet=1, near=world.namespace("c"))
    modem.move(transmit=FIFTY_MEGABYTES_IN_DATAGRAMS_OF_60_KB, size=60_000)
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    modem.move_to(world.machine)
    moved_in = world.machine.counter("modem0")
    time.sleep(seconds_before_it_moves)
    modem.move(receive=500, transmit=400)
    netledger.stop()

    assert moved_in.transmit > 50_000_000
    assert netledger.booked("modem0") == world.machine.counter("modem0") - moved_in
    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_a_device_made_while_running_counts_from_its_first_byte(world: World) -> None:
    netledger = world.netledger()
    netledger.start()

    modem = world.cable("modem0", subnet=1)
    modem.move(receive=500, transmit=400)
    time.sleep(0.5)
    modem.move(receive=5, transmit=4)
    netledger.stop()

    assert netledger.booked("modem0") == world.machine.counter("modem0") != Moved()


def test_a_device_made_while_the_service_was_down_counts_from_its_first_byte(world: World) -> None:
    netledger = world.netledger()
    netledger.start()
    netledger.stop()

    modem = world.cable("modem0", subnet=1)
    modem.move(receive=500, transmit=400)
    netledger.start()
    modem.move(receive=5, transmit=4)
    netledger.stop()

    assert netledger.booked("modem0") == world.machine.counter("modem0") != Moved()


def test_a_device_that_lives_shorter_than_a_sample_is_counted(world: World) -> None:
    netledger = world.netledger(interfaces={"sample_interval": "3s"})
    netledger.start()

    modem = world.cable("modem0", subnet=1)
    modem.move(transmit=40)
    moved = world.machine.counter("modem0")
    modem.delete()
    netledger.stop()

    assert netledger.booked("modem0").transmit == moved.transmit
