"""Counters of applications never fall: over a kill, a reload, a stop."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.end_to_end.world import eventually

if TYPE_CHECKING:
    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces

BYTES = "netledger_application_receive_bytes_total", "netledger_application_transmit_bytes_total"


def counters(netledger: Netledger) -> dict[tuple[str, ...], float]:
    """Counters of bytes by name and labels."""
    families = text_string_to_metric_families(netledger.fetch("/metrics").text)
    samples = [sample for family in families for sample in family.samples if sample.name in BYTES]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def kill(netledger: Netledger) -> None:
    netledger.kill()
    netledger.start()


def stop(netledger: Netledger) -> None:
    netledger.stop()
    netledger.start()


def reload(netledger: Netledger) -> None:
    said = netledger.said().count("listens on")
    netledger.signal(signal.SIGHUP)
    eventually(lambda: netledger.said().count("listens on") > said, "the next service answers")


@pytest.mark.parametrize("turn", [kill, stop, reload])
def test_a_counter_of_an_application_never_falls(world: World, turn: object) -> None:
    netledger = world.netledger()
    netledger.start()
    if 'backend="none"' in netledger.fetch("/metrics").text:
        pytest.skip("no way of measuring applications works here")
    world.uplink.move(receive=300, transmit=300)
    eventually(partial(_has_moved, netledger), "the first bytes are in the ledger")
    world.uplink.move(receive=300, transmit=300)
    before = counters(netledger)

    assert callable(turn)
    turn(netledger)
    world.uplink.move(receive=300, transmit=300)
    after = counters(netledger)

    assert [name for name, value in before.items() if after.get(name, 0) < value] == []
    eventually(lambda: sum(counters(netledger).values()) > sum(before.values()), "later bytes are in the ledger")


def _has_moved(netledger: Netledger) -> bool:
    return sum(counters(netledger).values()) > 0
