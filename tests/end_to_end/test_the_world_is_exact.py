"""The tests' own truth: the kernel counts what the tests send, and nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.namespaces import Moved, run
from tests.end_to_end.traffic import ETHERNET_IP_UDP_HEADERS
from tests.end_to_end.world import UPLINK, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.namespaces


def test_the_kernel_counts_each_datagram_with_its_headers(world: World) -> None:
    start = world.machine.counters()

    world.uplink.move(receive=300, transmit=700, size=1000)

    framed = 1000 + ETHERNET_IP_UDP_HEADERS
    assert world.moved_since(start) == Moved(300 * framed, 700 * framed)


def test_nothing_moves_unless_a_test_moves_it(world: World) -> None:
    start = world.machine.counters()

    time.sleep(1.5)

    assert world.machine.counters() == start


def test_background_traffic_moves_both_directions_and_ends(world: World) -> None:
    start = world.machine.counters()

    with world.background_traffic():
        time.sleep(0.3)
    end = world.machine.counters()
    time.sleep(0.2)

    assert min((end[UPLINK] - start[UPLINK]).receive, (end[UPLINK] - start[UPLINK]).transmit) > 1000
    assert world.machine.counters() == end


def test_a_world_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    second = World(tmp_path)
    names = {second.machine.name, second.outside.name}

    second.close()

    left = set(run("ip", "netns", "list").split())
    assert not names & left
    assert world.machine.name in left


def test_tunnels_and_containers_carry_datagrams(world: World) -> None:
    cables = [
        world.kernel_tunnel("tunnel0", subnet=20),
        world.program_tunnel("tun0", subnet=21),
        world.container("bridge0", subnet=22),
    ]

    for cable in cables:
        start = cable.near.counter(cable.device)
        cable.move(receive=50, transmit=70, size=600)
        world.wait_until_quiet()
        moved = cable.near.counter(cable.device) - start

        assert (moved.receive >= 50 * 628, moved.transmit >= 70 * 628) == (True, True), cable.device


def test_a_device_moved_between_namespaces_keeps_its_counter(world: World) -> None:
    elsewhere = world.namespace("c")
    cable = world.cable("modem0", subnet=1, near=elsewhere)
    cable.move(transmit=100, size=60_000)
    counted = elsewhere.counter("modem0")

    cable.move_to(world.machine)

    assert world.machine.counter("modem0") == counted
    assert counted.transmit > 6_000_000
