"""The Linux interface meter against a real kernel, in network namespaces of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import exporter
from exporter.metering.counters.differences import last_difference
from exporter.metering.counters.readings import NOTHING, Counts
from exporter.meters.interfaces.linux.listener import LOST_LINKS, LOST_ROUTES
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.namespaces,
    pytest.mark.skipif(bool(reason_against_namespaces()), reason=reason_against_namespaces()),
]

OBSERVER = Path(__file__).parents[2] / "fixtures/interface_observer.py"
ROOT = Path(exporter.__file__).parents[1]
ROOMY = 4 * 1024 * 1024


class Namespace:
    """A network namespace with a meter in it."""

    def __init__(self, name: str, buffer_bytes: int) -> None:
        self.name = name
        self.ip(f"netns add {name}", inside=False)
        self._meter = subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, str(OBSERVER), str(buffer_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        # no neighbour discovery: every byte is ours
        self.write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
        self.write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")

    def ip(self, command: str, *, inside: bool = True) -> str:
        place = ["-n", self.name] if inside else []
        return subprocess.run(["ip", *place, *command.split()], check=True, capture_output=True, text=True).stdout

    def write_file(self, path: str, text: str) -> None:
        command = ["ip", "netns", "exec", self.name, "sh", "-c", f"echo {text} > {path}"]
        subprocess.run(command, check=True, capture_output=True)

    def ask(self, command: str) -> Any:
        assert self._meter.stdin
        assert self._meter.stdout
        self._meter.stdin.write(command + "\n")
        self._meter.stdin.flush()
        return json.loads(self._meter.stdout.readline())

    def look(self) -> list[dict[str, Any]]:
        return [reading for reading in self.ask("look")["readings"] if reading["name"] != "lo"]

    def only(self, name: str) -> dict[str, Any]:
        readings = [reading for reading in self.look() if reading["name"] == name]
        assert len(readings) == 1
        return readings[0]

    def pair(self, first: str, second: str) -> None:
        self.ip(f"link add name {first} type veth peer name {second}")
        self.ip(f"link set {first} up")
        self.raise_up(second)
        self.wait_for(first)

    def raise_up(self, name: str) -> None:
        self.ip(f"link set {name} up")
        self.wait_for(name)

    def wait_for(self, name: str, state: str = "UP") -> None:
        """The kernel drops what is sent before it has noticed the carrier."""
        deadline = time.monotonic() + 10
        while f"state {state} " not in self.ip(f"link show {name}"):
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def close(self) -> None:
        assert self._meter.stdin
        assert self._meter.stdout
        self._meter.stdin.close()
        self._meter.wait(10)
        self._meter.stdout.close()
        self.ip(f"netns del {self.name}", inside=False)


@pytest.fixture
def make_namespace() -> Iterator[Callable[..., Namespace]]:
    made: list[Namespace] = []

    def make(buffer_bytes: int = ROOMY) -> Namespace:
        namespace = Namespace(f"nl-{uuid.uuid4().hex[:8]}", buffer_bytes)
        made.append(namespace)
        namespace.look()
        return namespace

    yield make
    for namespace in made:
        namespace.close()


@pytest.fixture
def here(make_namespace: Callable[..., Namespace]) -> Namespace:
    return make_namespace()


def sent(frames: int, size: int) -> list[int]:
    return list(Counts(transmit_bytes=frames * size, transmit_packets=frames))


def received(frames: int, size: int) -> list[int]:
    return list(Counts(receive_bytes=frames * size, receive_packets=frames))


def test_a_new_device_is_born_with_nothing_and_delivered_so_once(here: Namespace) -> None:
    here.pair("near", "far")
    here.ask("send near 5 1000")

    first = here.only("near")
    second = here.only("near")

    assert (first["born"], first["counts"]) == ([0] * 8, sent(5, 1000))
    assert (second["born"], second["counts"]) == (None, sent(5, 1000))


def test_a_device_that_was_there_before_us_has_no_birth(make_namespace: Callable[..., Namespace]) -> None:
    here = make_namespace()

    (loopback,) = here.ask("look")["readings"]

    assert loopback["born"] is None
    assert loopback["is_present"]


def test_a_device_moved_in_is_born_with_what_it_carried(make_namespace: Callable[..., Namespace]) -> None:
    there, here = make_namespace(), make_namespace()
    there.pair("near", "far")
    there.ask("send near 7 1000")

    there.ip(f"link set near netns {here.name}")
    here.raise_up("near")
    here.ask("send near 3 1000")

    (moved,) = here.look()
    left = next(reading for reading in there.look() if reading["name"] == "near")
    assert (moved["born"], moved["counts"]) == (sent(7, 1000), sent(10, 1000))
    assert (left["is_present"], left["counts"]) == (False, sent(7, 1000))


def test_a_device_that_leaves_and_returns_between_two_looks_loses_nothing(
    make_namespace: Callable[..., Namespace],
) -> None:
    there, here = make_namespace(), make_namespace()
    here.pair("near", "far")
    here.look()
    here.ask("send near 2 1000")

    here.ip(f"link set near netns {there.name}")
    there.raise_up("near")
    there.ask("send near 4 1000")
    there.ip(f"link set near netns {here.name}")
    here.raise_up("near")
    here.ask("send near 1 1000")

    ended, back = [reading for reading in here.look() if reading["name"] == "near"]
    assert (ended["is_present"], ended["born"], ended["counts"]) == (False, None, sent(2, 1000))
    assert (back["is_present"], back["born"], back["counts"]) == (True, sent(6, 1000), sent(7, 1000))
    assert here.only("near")["born"] is None


def test_the_last_counts_of_a_deleted_device_are_the_kernels_last(here: Namespace) -> None:
    here.pair("near", "far")
    before = here.only("near")
    here.ask("send near 9 1500")

    here.ip("link del near")

    ended = {reading["name"]: reading for reading in here.look()}
    assert ended["near"] == {**before, "counts": sent(9, 1500), "born": None, "is_present": False}
    assert here.look() == []


def test_a_veth_whose_peer_goes_first_moves_nothing_at_its_end(here: Namespace) -> None:
    here.pair("near", "far")
    here.ask("send near 9 1500")
    before = Counts(*here.only("far")["counts"])

    # the kernel's last message for "far" says that it received nothing
    here.ip("link del near")

    after = Counts(*here.only("far")["counts"])
    assert (before[:4], after[:4]) == (tuple(received(9, 1500)[:4]), (0, 0, 0, 0))
    ends = [last_difference(before, after, counter_bits=bits, speed=None, seconds=3600) for bits in (32, 64)]
    assert [end.counts for end in ends] == [NOTHING, NOTHING]


def test_a_device_that_lived_between_two_looks_is_one_reading(here: Namespace) -> None:
    here.pair("near", "far")
    here.ask("send near 3 100")
    here.ip("link del near")

    near = here.only("near")

    assert (near["born"], near["counts"], near["is_present"]) == ([0] * 8, sent(3, 100), False)


def test_a_name_that_changes_hands_between_two_looks_is_two_lives(here: Namespace) -> None:
    here.pair("near", "far")
    here.ask("send near 3 100")
    here.look()
    here.ip("link del near")
    here.pair("near", "far")
    here.ask("send near 1 100")

    old, new = [reading for reading in here.look() if reading["name"] == "near"]

    assert (old["is_present"], old["counts"]) == (False, sent(3, 100))
    assert (new["is_present"], new["counts"], new["born"]) == (True, sent(1, 100), [0] * 8)
    assert old["epoch"] != new["epoch"]


def test_a_renamed_device_keeps_its_epoch_and_counts(here: Namespace) -> None:
    here.pair("near", "far")
    here.ask("send near 3 100")
    before = here.only("near")

    here.ip("link set near down")
    here.ip("link set near name uplink0")

    assert "near" not in [reading["name"] for reading in here.look()]
    assert here.only("uplink0") == {**before, "name": "uplink0", "born": None}


def test_a_port_that_leaves_its_bridge_has_not_vanished(here: Namespace) -> None:
    here.pair("near", "far")
    here.ip("link add name br0 type bridge")
    here.ip("link set near master br0")
    enslaved = here.ask("look")["links"]

    here.ip("link set near nomaster")

    look = here.ask("look")
    assert enslaved["br0"]["kind"] == "bridge"
    assert enslaved["br0"]["lower"] == ["near"]
    assert look["links"]["br0"]["lower"] == []
    assert all(reading["is_present"] for reading in look["readings"])


def test_an_overrun_costs_births_but_no_counts(make_namespace: Callable[..., Namespace]) -> None:
    here = make_namespace(buffer_bytes=4096)
    pairs = [(f"near{number}", f"far{number}") for number in range(12)]
    for near, far in pairs:
        here.pair(near, far)
    here.ask("send near11 2 100")

    look = here.ask("look")
    readings = {reading["name"]: reading for reading in look["readings"] if reading["name"] != "lo"}

    assert (look["losses"], here.ask("look")["losses"]) == ([LOST_LINKS], [])
    assert readings.keys() == {name for pair in pairs for name in pair}
    assert readings["near11"]["counts"] == sent(2, 100)
    assert all(reading["born"] is None for reading in readings.values())


def test_an_index_that_another_device_has_after_an_overrun_is_a_new_life(
    make_namespace: Callable[..., Namespace],
) -> None:
    here = make_namespace(buffer_bytes=4096)
    here.ip("link add name old index 500 type veth peer name peer")
    here.look()
    for number in range(12):
        here.pair(f"near{number}", f"far{number}")
    here.ip("link del old")
    here.ip("link add name new index 500 type veth peer name peer")
    here.ip("link set peer up")
    here.raise_up("new")
    here.ask("send new 3 100")

    new, again = here.only("new"), here.only("new")

    assert (new["counts"], new["born"]) == (sent(3, 100), sent(3, 100))
    assert again["born"] is None


def test_a_storm_of_routes_is_told_and_the_uplinks_are_right_after_it(here: Namespace) -> None:
    here.pair("near", "far")
    here.ip("addr add 10.0.0.1/24 dev near")
    batch = "".join(f"route add 10.{number // 250}.{number % 250}.1/32 via 10.0.0.2\n" for number in range(300, 9000))
    subprocess.run(["ip", "-n", here.name, "-batch", "-"], input=batch, check=True, text=True)
    here.ip("route add default via 10.0.0.2")

    look = here.ask("look")

    assert (look["losses"], look["uplinks"]) == ([LOST_ROUTES], ["near"])


def test_after_an_overrun_births_and_ends_are_seen_again(make_namespace: Callable[..., Namespace]) -> None:
    here = make_namespace(buffer_bytes=4096)
    for number in range(12):
        here.pair(f"near{number}", f"far{number}")
    here.look()

    here.ip("link add name near type veth peer name far")

    assert here.only("near")["born"] == [0] * 8


def test_the_device_with_the_default_route_is_the_uplink_and_follows_the_route(here: Namespace) -> None:
    for name, address in (("near", "10.0.0.1/24"), ("other", "10.0.1.1/24")):
        here.pair(name, f"{name}-far")
        here.ip(f"addr add {address} dev {name}")
    here.ip("route add default via 10.0.0.2")
    first = here.ask("look")["uplinks"]

    here.ip("route replace default via 10.0.1.2")
    second = here.ask("look")["uplinks"]
    here.ip("route replace default nexthop via 10.0.0.2 nexthop via 10.0.1.2")
    both = here.ask("look")["uplinks"]
    # the kernel says nothing of IPv4 routes that vanish with their link
    here.ip("link set near down")
    left = here.ask("look")["uplinks"]

    assert (first, second, both, left) == (["near"], ["other"], ["near", "other"], ["other"])


def test_a_default_route_that_only_another_table_has_leads_outside(here: Namespace) -> None:
    for name, address in (("near", "10.0.0.1/24"), ("other", "10.0.1.1/24"), ("lan", "10.0.2.1/24")):
        here.pair(name, f"{name}-far")
        here.ip(f"addr add {address} dev {name}")
    here.ip("route add default via 10.0.0.2 table 200")
    alone = here.ask("look")["uplinks"]

    here.ip("route add default via 10.0.1.2")
    beside = here.ask("look")["uplinks"]
    here.ip("route del default table 200")
    after = here.ask("look")["uplinks"]

    assert (alone, beside, after) == (["near"], ["near", "other"], ["other"])


@pytest.mark.parametrize("name", ["a\u3000b", "a\u2028b", "a\u0085b", "a\x1cb", "\udce9\udcff", "ünï"], ids=ascii)
def test_any_name_that_the_kernel_takes_is_counted(here: Namespace, name: str) -> None:
    for command in (
        ["link", "add", name, "type", "veth", "peer", "name", "far"],
        ["link", "set", name, "up"],
        ["link", "set", "far", "up"],
        ["addr", "add", "10.0.0.1/24", "dev", name],
        ["route", "add", "default", "via", "10.0.0.2"],
    ):
        subprocess.run(["ip", "-n", here.name, *command], check=True, capture_output=True)
    here.pair("near", "peer")
    here.ask("send near 9 1500")

    look = here.ask("look")

    told = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    assert {told, "far", "near"} <= {reading["name"] for reading in look["readings"]}
    assert told in look["uplinks"]


def test_links_tell_their_state_and_kind(here: Namespace) -> None:
    here.pair("near", "far")
    up = here.ask("look")["links"]["near"]

    here.ip("link set far down")
    here.wait_for("near", "LOWERLAYERDOWN")
    down = here.ask("look")["links"]["near"]

    assert (up["kind"], up["is_up"], up["speed"], up["is_physical"]) == ("veth", True, None, False)
    assert down["is_up"] is False
