"""Stacked devices are metered; the machine's total counts their bytes once, on the uplink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.traffic import steady
from tests.end_to_end.world import UPLINK, World, eventually

if TYPE_CHECKING:
    from tests.end_to_end.namespaces import Moved
    from tests.end_to_end.service_under_test import Netledger

pytestmark = pytest.mark.namespaces

FULL_TUNNEL_ROUTES = {"instead of the default": ["default"], "as two halves": ["0.0.0.0/1", "128.0.0.0/1"]}
TUNNELS = {"by the kernel": World.kernel_tunnel, "by a program": World.program_tunnel}


@pytest.mark.parametrize("made", TUNNELS)
def test_traffic_through_a_tunnel_counts_once(world: World, made: str) -> None:
    tunnel = TUNNELS[made](world, "tunnel0", subnet=20)
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    tunnel.move(receive=200, transmit=300)
    world.wait_until_quiet()

    assert _total(netledger, world.moved_since(start)) == world.moved_since(start).bytes
    netledger.stop()
    assert netledger.booked(UPLINK) == world.moved_since(start)
    assert netledger.booked("tunnel0") == world.moved_since(start, "tunnel0")
    assert netledger.booked("tunnel0").transmit >= 300 * 1000


@pytest.mark.parametrize("routed", FULL_TUNNEL_ROUTES)
@pytest.mark.parametrize("made", TUNNELS)
def test_a_tunnel_that_takes_all_traffic_counts_on_the_device_beneath(world: World, made: str, routed: str) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    tunnel = TUNNELS[made](world, "tunnel0", subnet=20)
    world.machine.ip("route", "replace", world.uplink.far_address, "via", world.uplink.far_address)
    for destination in FULL_TUNNEL_ROUTES[routed]:
        world.machine.ip("route", "replace", destination, "via", tunnel.far_address)
    tunnel.move(receive=200, transmit=300)
    world.wait_until_quiet()

    assert _total(netledger, world.moved_since(start)) == world.moved_since(start).bytes
    netledger.stop()
    assert netledger.booked("tunnel0") == world.moved_since(start, "tunnel0")


def test_a_stacked_device_with_the_default_route_is_not_counted_beside_the_one_beneath(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    tunnel = world.kernel_tunnel("tunnel0", subnet=20)
    world.machine.ip("route", "replace", "default", "via", tunnel.far_address)
    tunnel.move(receive=200, transmit=300)

    assert _total(netledger, world.moved_since(start)) == world.moved_since(start).bytes


def test_container_to_host_over_a_bridge_is_metered_and_not_counted(world: World) -> None:
    container = world.container("bridge0", subnet=22)
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    container.move(receive=200, transmit=300)
    world.uplink.move(receive=10, transmit=20)

    assert _total(netledger, world.moved_since(start)) == world.moved_since(start).bytes
    netledger.stop()
    for device in (UPLINK, "bridge0", "bridge0-port"):
        assert netledger.booked(device) == world.moved_since(start, device)
    assert netledger.booked("bridge0").receive >= 300 * 1000


def test_container_to_outside_through_the_machine_counts_once(world: World) -> None:
    container = world.container("bridge0", subnet=22)
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with steady([(container.near, world.uplink.far_sink), (world.outside, container.near_sink)]):
        eventually(lambda: world.moved_since(start).bytes > 200_000, "the container's traffic crosses")
    world.wait_until_quiet()

    assert _total(netledger, world.moved_since(start)) == world.moved_since(start).bytes
    netledger.stop()
    for device in (UPLINK, "bridge0", "bridge0-port"):
        assert netledger.booked(device) == world.moved_since(start, device)


def test_a_second_uplink_counts_too_and_the_first_stays_counted(world: World) -> None:
    wireless = world.cable("wlan0", subnet=1)
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()
    world.uplink.move(receive=100, transmit=100)

    world.machine.ip("route", "replace", "default", "via", wireless.far_address)
    eventually(lambda: _is_counted(netledger, "wlan0"), "the device with the new default route is counted")
    wireless.move(receive=200, transmit=100)

    both = world.moved_since(start) + world.moved_since(start, "wlan0")
    eventually(lambda: netledger.lifetime("wlan0") == world.moved_since(start, "wlan0"), "wlan0 is read")
    assert netledger.get("/api/summary")["total_bytes"] == both.bytes


def test_what_begins_to_count_is_in_every_answer_however_seldom_is_posted(world: World) -> None:
    wireless = world.cable("wlan0", subnet=1)
    netledger = world.netledger(ledger={"commit_interval": "10m"})
    netledger.start()
    wireless.move(receive=200, transmit=100)
    eventually(lambda: netledger.get("/api/summary?interface=wlan0")["total_bytes"] > 0, "wlan0 is read")
    netledger.stop()
    netledger.start()
    moved = netledger.get("/api/summary?interface=wlan0")["total_bytes"]
    assert netledger.get("/api/summary")["total_bytes"] < moved

    world.machine.ip("route", "replace", "default", "via", wireless.far_address)

    eventually(lambda: _is_counted(netledger, "wlan0"), "the device with the new default route is counted")
    eventually(lambda: netledger.get("/api/summary")["total_bytes"] >= moved, "the total of the machine has it too")


def _is_counted(netledger: Netledger, device: str) -> bool:
    return f'netledger_interface_info{{counted="true",device="{device}"' in netledger.fetch("/metrics").text


def _total(netledger: Netledger, moved: Moved) -> int:
    """The machine's total once the uplink's last bytes have been read."""
    eventually(lambda: netledger.lifetime(UPLINK) == moved, f"the uplink shows {moved}")
    return int(netledger.get("/api/summary")["total_bytes"])
