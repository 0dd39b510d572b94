"""`netledger audit` proves to the user that ledger and kernel agree."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces


def test_audit_after_a_stop_finds_no_difference(world: World) -> None:
    world.cable("modem0", subnet=1).move(receive=5)
    netledger = world.netledger()
    netledger.start()
    world.uplink.move(receive=300, transmit=200)
    netledger.stop()

    assert _differences(netledger) == {UPLINK: 0, "modem0": 0}


def test_audit_of_a_running_service_under_traffic_finds_no_difference(world: World) -> None:
    netledger = world.netledger()
    netledger.start()

    with world.background_traffic():
        for _ in range(3):
            time.sleep(0.6)
            assert _differences(netledger) == {UPLINK: 0}


def test_audit_after_a_kill_and_a_restart_finds_no_difference(world: World) -> None:
    netledger = world.netledger()
    netledger.start()
    with world.background_traffic():
        time.sleep(1)
        netledger.kill()
        time.sleep(0.5)
        netledger.start()
    netledger.stop()

    assert _differences(netledger) == {UPLINK: 0}


def test_audit_of_a_ledger_that_was_changed_finds_the_difference(world: World) -> None:
    netledger = world.netledger()
    netledger.start()
    world.uplink.move(receive=300, transmit=200)
    netledger.stop()

    netledger.falsify("UPDATE interface_day SET receive_bytes = receive_bytes + 1")

    assert netledger.command("audit", "--json").returncode == 1


def _differences(netledger: Netledger) -> dict[str, Any]:
    done = netledger.command("audit", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(done.stdout)["interfaces"]
    return {row["interface"]: row["difference"] for row in rows}
