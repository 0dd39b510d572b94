"""The first start on a machine whose counters are not at zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.namespaces import Moved
from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces


def test_what_passed_before_the_first_start_is_no_usage(world: World) -> None:
    world.uplink.move(receive=900, transmit=300)
    netledger = world.netledger()

    netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == Moved()


def test_count_since_boot_books_what_passed_before_as_estimated(world: World) -> None:
    world.uplink.move(receive=900, transmit=300)
    before = world.machine.counter(UPLINK)
    netledger = world.netledger()

    netledger.start("--count-since-boot")
    world.uplink.move(receive=10, transmit=20)
    netledger.stop()

    estimated = netledger.query("SELECT sum(estimated_bytes) FROM usage_by_day WHERE device = 'up0'")
    assert netledger.booked(UPLINK) == world.machine.counter(UPLINK)
    assert estimated == [(before.bytes,)]


def test_count_since_boot_books_only_once(world: World) -> None:
    world.uplink.move(receive=900, transmit=300)
    netledger = world.netledger()

    for _ in range(2):
        netledger.start("--count-since-boot")
        netledger.stop()

    assert netledger.booked(UPLINK) == world.machine.counter(UPLINK)
