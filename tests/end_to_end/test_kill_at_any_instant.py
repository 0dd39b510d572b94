"""SIGKILL at random instants under traffic: nothing is lost and nothing is counted twice."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces

INSTANTS = 50
SHARE_KILLED_WHILE_STARTING = 0.3


def test_fifty_kills_under_traffic_leave_the_ledger_exact(world: World) -> None:
    chance = random.Random(20260221)  # noqa: S311 - the same instants in every run
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic():
        netledger.kill()
        for _ in range(INSTANTS - 1):
            _start_and_kill_at_an_instant(netledger, chance)
    netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_kills_in_the_middle_of_commits_leave_the_ledger_exact(world: World) -> None:
    netledger = world.netledger(interfaces={"sample_interval": "0.1s"})
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic():
        for _ in range(12):
            _wait_for_a_write(netledger)
            netledger.kill()
            netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_lifetime_counters_never_fall_over_kills(world: World) -> None:
    netledger = world.netledger()
    netledger.start()

    with world.background_traffic():
        for _ in range(5):
            time.sleep(0.4)
            shown = netledger.lifetime(UPLINK)
            netledger.kill()
            netledger.start()
            again = netledger.lifetime(UPLINK)
            assert (again.receive >= shown.receive, again.transmit >= shown.transmit) == (True, True)


def test_a_kill_right_after_the_first_start_keeps_the_baseline(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()
    netledger.kill()

    world.uplink.move(receive=120, transmit=80)
    netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def _start_and_kill_at_an_instant(netledger: Netledger, chance: random.Random) -> None:
    netledger.launch()
    if chance.random() > SHARE_KILLED_WHILE_STARTING:
        netledger.wait_until_ready()
    time.sleep(chance.uniform(0.05, 0.6))
    netledger.kill()


def _wait_for_a_write(netledger: Netledger) -> None:
    """Wait until the service is just writing to its ledger's write-ahead log."""
    log = netledger.ledger.with_name(f"{netledger.ledger.name}-wal")
    before = log.stat().st_mtime_ns
    ends = time.monotonic() + 5
    while log.stat().st_mtime_ns == before:
        assert time.monotonic() < ends, "nothing was committed within 5 s"
        time.sleep(0.0002)
