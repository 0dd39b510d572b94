"""Interfaces that vanish, come back, flap and change their names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.namespaces import Moved
from tests.end_to_end.world import UPLINK, eventually

if TYPE_CHECKING:
    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces


def test_an_interface_that_vanishes_costs_the_others_nothing(world: World) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic(world.uplink, modem):
        time.sleep(0.7)
        modem.delete()
        time.sleep(0.7)
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)
    assert netledger.booked("modem0").bytes > 0


def test_the_last_bytes_before_an_interface_vanishes_are_counted(world: World) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger(interfaces={"sample_interval": "2s"})
    netledger.start()

    # The kernel forgets what a veth received when it is deleted: its receive counter is its peer's.
    modem.move(transmit=40)
    moved = world.machine.counter("modem0")
    modem.delete()
    netledger.stop()

    assert netledger.booked("modem0") == moved


@pytest.mark.parametrize("absent_seconds", [0.0, 1.0])
def test_an_interface_that_comes_back_counts_from_zero_and_keeps_its_total(world: World, absent_seconds: float) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger()
    netledger.start()
    modem.move(receive=200, transmit=300)
    first_life = world.machine.counter("modem0")
    _wait_for(netledger, "modem0", first_life)

    modem.delete()
    time.sleep(absent_seconds)
    modem = world.cable("modem0", subnet=1)
    modem.move(receive=250, transmit=350)
    second_life = world.machine.counter("modem0")
    netledger.stop()

    assert netledger.booked("modem0") == first_life + second_life


def test_an_interface_that_comes_back_while_the_service_is_down_keeps_its_total(world: World) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger()
    netledger.start()
    modem.move(receive=200, transmit=300)
    first_life = world.machine.counter("modem0")
    netledger.stop()

    modem.delete()
    modem = world.cable("modem0", subnet=1)
    modem.move(receive=250, transmit=350)
    second_life = world.machine.counter("modem0")
    netledger.start()
    netledger.stop()

    assert netledger.booked("modem0") == first_life + second_life


@pytest.mark.parametrize("carrier_only", [False, True])
def test_an_interface_that_flaps_loses_nothing(world: World, *, carrier_only: bool) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic(world.uplink, modem):
        for _ in range(5):
            time.sleep(0.15)
            if carrier_only:
                modem.lose_carrier()
            else:
                modem.bring_down()
            time.sleep(0.15)
            modem.bring_up()
    netledger.stop()

    assert netledger.booked("modem0") == world.moved_since(start, "modem0")
    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_an_uplink_that_flaps_loses_nothing_and_stays_counted(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic():
        for _ in range(4):
            time.sleep(0.2)
            world.uplink.bring_down()
            time.sleep(0.3)
            world.uplink.bring_up()
            world.route_default()
    moved = world.moved_since(start)

    _wait_for(netledger, UPLINK, moved)
    assert netledger.get("/api/summary")["total_bytes"] == moved.bytes
    netledger.stop()
    assert netledger.booked(UPLINK) == moved


def test_a_renamed_interface_leaves_its_total_and_goes_on_under_its_new_name(world: World) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger()
    netledger.start()
    modem.move(receive=200, transmit=300)
    under_old_name = world.machine.counter("modem0")
    _wait_for(netledger, "modem0", under_old_name)

    modem.rename("wwan0")
    modem.move(receive=50, transmit=60)
    in_all = world.machine.counter("wwan0")
    netledger.stop()

    assert netledger.booked("modem0") == under_old_name
    assert netledger.booked("wwan0") == in_all - under_old_name


def test_interfaces_that_swap_their_names_between_two_samples_swap_their_bytes(world: World) -> None:
    first, second = world.cable("modem0", subnet=1), world.cable("modem1", subnet=2)
    netledger = world.netledger(interfaces={"sample_interval": "2s"})
    netledger.start()
    first.move(receive=200, transmit=300)
    second.move(receive=20, transmit=30)
    before = world.machine.counters()
    _wait_for(netledger, "modem0", before["modem0"])
    _wait_for(netledger, "modem1", before["modem1"])

    for cable, name in ((first, "wwan0"), (second, "modem0"), (first, "modem1")):
        cable.rename(name)
    first.move(receive=1)
    second.move(transmit=2)
    after = world.machine.counters()
    netledger.stop()

    assert netledger.booked("modem0") == before["modem0"] + (after["modem0"] - before["modem1"])
    assert netledger.booked("modem1") == before["modem1"] + (after["modem1"] - before["modem0"])


def test_a_rename_under_traffic_loses_nothing_and_counts_nothing_twice(world: World) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger()
    netledger.start()

    with world.background_traffic(world.uplink, modem):
        for name in ("wwan0", "wwan1", "modem0", "wwan0"):
            time.sleep(0.3)
            modem.rename(name)
    in_all = world.machine.counter("wwan0")
    netledger.stop()

    assert _together(netledger, "modem0", "wwan0", "wwan1") == in_all


def test_a_rename_while_the_service_is_down_counts_nothing_twice(world: World) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger()
    netledger.start()
    modem.move(receive=200, transmit=300)
    netledger.stop()

    modem.rename("wwan0")
    modem.move(receive=50, transmit=60)
    in_all = world.machine.counter("wwan0")
    netledger.start()
    netledger.stop()

    assert _together(netledger, "modem0", "wwan0") == in_all


def _wait_for(netledger: Netledger, device: str, moved: Moved) -> None:
    eventually(lambda: netledger.lifetime(device) == moved, f"{device} shows {moved}")


def _together(netledger: Netledger, *devices: str) -> Moved:
    return sum((netledger.booked(device) for device in devices), start=Moved())
