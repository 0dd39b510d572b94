"""SIGTERM and SIGINT post the last sample; SIGHUP reads the settings anew."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.world import UPLINK, eventually

if TYPE_CHECKING:
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end_posts_bytes_that_no_sample_has_seen(world: World, signal_number: signal.Signals) -> None:
    netledger = world.netledger(interfaces={"sample_interval": "10s"}, ledger={"commit_interval": "60s"})
    start = world.machine.counters()
    netledger.start()

    world.uplink.move(receive=123, transmit=45)
    code = netledger.stop(signal_number)

    assert netledger.booked(UPLINK) == world.moved_since(start)
    assert code == 0


def test_a_signal_while_starting_ends_the_service_in_order(world: World) -> None:
    netledger = world.netledger()

    for delay in (0.05, 0.15, 0.3, 0.6):
        netledger.launch()
        time.sleep(delay)
        netledger.stop()

    assert "Traceback" not in netledger.said()


def test_sighup_reads_the_settings_anew_and_loses_nothing(world: World) -> None:
    modem = world.cable("modem0", subnet=1)
    netledger = world.netledger(interfaces={"sample_interval": "0.2s", "exclude": ["modem*"]})
    start = world.machine.counters()
    netledger.start()
    assert not netledger.shows('device="modem0"')

    with world.background_traffic():
        time.sleep(0.5)
        netledger.configure(interfaces={"sample_interval": "0.3s"})
        netledger.signal(signal.SIGHUP)
        eventually(lambda: netledger.shows('device="modem0"'), "the new settings are in force")
        time.sleep(0.5)
    modem.move(receive=70, transmit=30)
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)
    assert netledger.booked("modem0") == world.moved_since(start, "modem0")


def test_sighup_with_settings_that_are_wrong_keeps_the_old_ones(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()
    written = len(netledger.said())

    netledger.configure(interfaces={"sample_interval": "soon"})
    netledger.signal(signal.SIGHUP)
    eventually(lambda: "sample_interval" in netledger.said()[written:], "the log names the wrong key")
    world.uplink.move(receive=70, transmit=30)
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_many_sighups_under_traffic_lose_nothing(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic():
        for _ in range(10):
            netledger.signal(signal.SIGHUP)
            time.sleep(0.1)
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)
