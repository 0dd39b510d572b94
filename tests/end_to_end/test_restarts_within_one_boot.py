"""Stops and starts within one boot: what passed while nobody looked is counted once."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces


def test_a_clean_stop_leaves_every_byte_in_the_ledger(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    world.uplink.move(receive=400, transmit=150)
    code = netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)
    assert code == 0


def test_a_restart_without_traffic_changes_no_sum(world: World) -> None:
    netledger = world.netledger()
    netledger.start()
    world.uplink.move(receive=100, transmit=100)
    netledger.stop()
    booked = netledger.booked(UPLINK)

    for _ in range(3):
        netledger.start()
        netledger.stop()

    assert netledger.booked(UPLINK) == booked


def test_a_container_that_names_its_boot_anew_at_each_start_counts_on(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    for number in range(3):
        netledger.boot_id = f"6a1c0a6e-0000-4000-8000-00000000000{number}"
        netledger.start()
        world.uplink.move(receive=100, transmit=100)
        netledger.stop()
        world.uplink.move(receive=10, transmit=20)
    netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)
    assert netledger.query("SELECT what FROM incident") == []


def test_bytes_that_pass_while_the_service_is_down_are_counted_once(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()
    world.uplink.move(receive=100, transmit=200)
    netledger.stop()

    with world.background_traffic():
        time.sleep(3)
    netledger.start()
    assert netledger.lifetime(UPLINK) == world.moved_since(start)
    world.uplink.move(receive=30, transmit=20)
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_traffic_across_stops_and_starts_is_counted_once(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic():
        for _ in range(4):
            time.sleep(0.5)
            netledger.stop()
            time.sleep(0.3)
            netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_a_service_that_stalls_for_seconds_counts_every_byte(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic():
        time.sleep(0.3)
        netledger.signal(signal.SIGSTOP)
        time.sleep(4)
        netledger.signal(signal.SIGCONT)
        time.sleep(0.3)
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)
