"""One ledger has one writer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces


def test_a_second_instance_refuses_and_names_the_first(world: World) -> None:
    first = world.netledger()
    second = world.netledger("second", server={"port": 7374}, ledger={"path": str(first.ledger)})
    start = world.machine.counters()
    first.start()

    refused = second.command("run")

    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert str(first.pid) in refused.stderr
    assert str(first.ledger) in refused.stderr
    world.uplink.move(receive=10, transmit=10)
    first.stop()
    assert first.booked(UPLINK) == world.moved_since(start)


def test_a_ledger_whose_owner_was_killed_is_free(world: World) -> None:
    first = world.netledger()
    second = world.netledger("second", server={"port": 7374}, ledger={"path": str(first.ledger)})
    first.start()
    first.kill()

    second.start()

    assert second.stop() == 0


def test_a_port_that_is_taken_is_said_in_one_sentence(world: World) -> None:
    first = world.netledger()
    second = world.netledger("second")
    first.start()

    refused = second.command("run")

    assert refused.returncode == 1
    assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr
    assert str(first.port) in refused.stderr
