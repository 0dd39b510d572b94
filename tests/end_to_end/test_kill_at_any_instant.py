"""SIGKILL at random instants under traffic: nothing is lost and nothing is counted twice."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces

INSTANTS = 50
PATIENCE_SECONDS = 10
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


def test_kills_right_after_writes_leave_the_ledger_exact(world: World) -> None:
    netledger = world.netledger(interfaces={"sample_interval": "0.1s"})
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic():
        for _ in range(8):
            _wait_for_a_write(netledger)
            netledger.kill()
            netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


@pytest.mark.parametrize("is_between", [False, True], ids=["inside", "between"])
def test_kills_at_the_edges_of_transactions_leave_the_ledger_exact(world: World, *, is_between: bool) -> None:
    netledger = world.netledger(interfaces={"sample_interval": "0.1s"})
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic(), closing(_rival(netledger)) as rival:
        for _ in range(8):
            _wait_until(rival, may_write=False)
            if is_between:
                _wait_until(rival, may_write=True)
            netledger.kill()
            rival.rollback()
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
    """Wait until the service has just written to its ledger's write-ahead log."""
    log = netledger.ledger.with_name(f"{netledger.ledger.name}-wal")
    before = log.stat().st_mtime_ns
    ends = time.monotonic() + PATIENCE_SECONDS
    while log.stat().st_mtime_ns == before:
        assert time.monotonic() < ends, "nothing was written"
        time.sleep(0.0002)


def _rival(netledger: Netledger) -> sqlite3.Connection:
    """A connection that takes the ledger's write lock or fails, and never waits for it."""
    return sqlite3.connect(netledger.ledger, timeout=0, isolation_level=None)


def _wait_until(rival: sqlite3.Connection, *, may_write: bool) -> None:
    """Wait for a transaction of the service to begin, or, holding the write lock, for it to have ended."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert time.monotonic() < ends, "the service's transactions neither begin nor end"
        try:
            rival.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            if not may_write:
                return
            continue
        if may_write:
            return
        rival.rollback()
        time.sleep(0.0002)
