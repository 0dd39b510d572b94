"""The Linux interface meter on file trees that look like machines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from exporter.metering.counters.plausibility import unreadable
from exporter.metering.counters.readings import Counts, Epoch, Link, Reading
from exporter.metering.samples import MeterError
from exporter.meters.interfaces.linux.reader import LinuxCounterReader, counter_bits
from exporter.meters.interfaces.state import interface

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="psutil reads /proc on Linux only")

BOOT_ID = "6a1c0a6e-0000-4000-8000-000000000001"
DEV_HEADER = (
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast"
    "|bytes    packets errs drop fifo colls carrier compressed\n"
)
ROUTE_HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


class Machine:
    """A /proc and a /sys with interfaces in them."""

    def __init__(self, root: Path) -> None:
        self.proc = root / "proc"
        self.sys = root / "sys"
        self.rows: dict[str, str] = {}
        self.write("proc/sys/kernel/random/boot_id", BOOT_ID + "\n")
        self.add("lo", index=1, type="772", flags="0x9", operstate="unknown", mtu="65536")
        self.route()

    def write(self, path: str, text: str) -> None:
        file = self.proc.parent / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def add(self, name: str, *, index: int, lower: tuple[str, ...] = (), device: str = "", **files: str) -> None:
        folder = self.sys / "class/net" / name
        facts = {
            "ifindex": str(index),
            "type": "1",
            "flags": "0x1003",
            "operstate": "up",
            "mtu": "1500",
            **files,
        }
        for file, text in facts.items():
            self.write(f"sys/class/net/{name}/{file}", text + "\n")
        for below in lower:
            (folder / f"lower_{below}").symlink_to(f"../{below}")
        if device:
            (folder / "device").symlink_to(f"../../../{device}")
        self.count(name)

    def count(self, name: str, received: int = 0, sent: int = 0) -> None:
        self.rows[name] = f"{name:>6}: {received} 2 3 4 0 0 0 0 {sent} 6 7 8 0 0 0 0"
        self.write("proc/net/dev", DEV_HEADER + "\n".join(self.rows.values()) + "\n")

    def route(self, *devices: str) -> None:
        rows = (f"{device}\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" for device in devices)
        self.write("proc/net/route", ROUTE_HEADER + "".join(rows))

    def meter(self, machine: str = "x86_64") -> LinuxCounterReader:
        return LinuxCounterReader(proc=self.proc, sys=self.sys, machine=machine)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    yield Machine(tmp_path)
    # for the whole process, and so for the tests after this one
    psutil.PROCFS_PATH = "/proc"


def test_a_reading_has_counts_and_the_epoch_of_boot_and_index(machine: Machine) -> None:
    machine.add("eth0", index=4, device="0000:00:03.0")
    machine.count("eth0", received=1, sent=5)

    look = machine.meter().scan()

    epoch = Epoch(BOOT_ID, 0, 4)
    assert look.boot_id == BOOT_ID
    assert look.readings[1] == Reading(interface("eth0"), epoch, Counts(1, 5, 2, 6, 3, 7, 4, 8))


def test_an_idle_interface_gives_its_last_reading_and_a_busy_one_a_new_one(machine: Machine) -> None:
    machine.add("eth0", index=4)
    meter = machine.meter()
    first = meter.scan()

    machine.count("eth0", received=10)
    second = meter.scan()

    assert second.readings[0] is first.readings[0]
    assert second.readings[1].counts.receive_bytes == 10
    assert second.links is first.links


@pytest.mark.parametrize(
    ("files", "facts"),
    [
        pytest.param(
            {"device": "0000:00:03.0", "speed": "1000", "address": "02:00:00:00:00:01"},
            {"kind": "ethernet", "is_physical": True, "speed": 125_000_000, "address": "02:00:00:00:00:01"},
            id="a card",
        ),
        pytest.param(
            {"device": "usb1", "speed": "-1"},
            {"is_physical": True, "speed": None},
            id="a card that does not know",
        ),
        pytest.param({"device": "usb1", "speed": "0"}, {"speed": None}, id="speed of a card without a cable"),
        pytest.param(
            {"device": "phy", "uevent": "DEVTYPE=wlan\nINTERFACE=x0"},
            {"kind": "wlan", "is_physical": True},
            id="wlan",
        ),
        pytest.param({"wireless": ""}, {"kind": "wlan"}, id="wlan of an old driver"),
        pytest.param({"uevent": "DEVTYPE=bridge"}, {"kind": "bridge", "is_physical": False}, id="bridge"),
        pytest.param(
            {"uevent": "DEVTYPE=dsa", "device": "switch", "lower": ("lo",)},
            {"kind": "dsa", "is_physical": True, "lower": ("lo",)},
            id="port of a switch",
        ),
        pytest.param({"speed": "10000", "iflink": "77"}, {"kind": "veth", "speed": None}, id="veth"),
        pytest.param({"tun_flags": "0x1001", "type": "65534", "speed": "10"}, {"kind": "tun", "speed": None}, id="tun"),
        pytest.param({"tun_flags": "0x1002", "speed": "10"}, {"kind": "tap", "speed": None}, id="tap"),
        pytest.param({"type": "512"}, {"kind": "ppp", "lower": ("eth9",)}, id="PPPoE"),
        pytest.param({"device": "vif-3-0"}, {"is_physical": False}, id="a Xen guest's card seen by its host"),
        pytest.param({"device": "vif-0"}, {"is_physical": True}, id="a Xen guest's card seen by itself"),
        pytest.param({"operstate": "down"}, {"is_up": False}, id="down"),
        pytest.param({"operstate": "lowerlayerdown"}, {"is_up": False}, id="down below"),
        pytest.param({"operstate": "unknown", "flags": "0x1091"}, {"is_up": True}, id="unknown but running"),
        pytest.param({"operstate": "unknown", "flags": "0x1090"}, {"is_up": False}, id="unknown and off"),
        pytest.param({"operstate": "unknown", "carrier": "0"}, {"is_up": False}, id="unknown without a carrier"),
    ],
)
def test_facts_of_a_link(machine: Machine, files: dict[str, str], facts: dict[str, object]) -> None:
    machine.write("proc/net/pppoe", "Id       Address              Device\n0000000A 02:00:00:00:00:01  eth9\n")
    machine.add("x0", index=7, **files)  # type: ignore[arg-type]

    link = machine.meter().scan().links["x0"]

    assert {key: value for key, value in link._asdict().items() if key in facts} == facts


def test_loopback_is_told_apart(machine: Machine) -> None:
    loopback = machine.meter().scan().links["lo"]

    assert loopback == Link("lo", 1, "loopback", is_up=True, is_physical=False, is_loopback=True, mtu=65536)


def test_the_uplink_follows_the_routes(machine: Machine) -> None:
    machine.add("eth0", index=2, device="card")
    machine.add("wlan0", index=3, device="phy", uevent="DEVTYPE=wlan")
    machine.add("wg0", index=4, type="65534", uevent="DEVTYPE=wireguard")
    meter = machine.meter()

    uplinks = []
    for routes in (("eth0",), ("wlan0",), ("wlan0", "eth0"), ("wg0",), ()):
        machine.route(*routes)
        uplinks.append(set(meter.scan().uplinks))

    both = {"eth0", "wlan0"}
    assert uplinks == [{"eth0"}, {"wlan0"}, both, both, both]


def test_a_machine_with_ipv6_only_has_an_uplink(machine: Machine) -> None:
    machine.add("eth0", index=2, device="card")
    machine.add("eth1", index=3, device="card2")
    none = "0" * 32
    machine.write(
        "proc/net/ipv6_route",
        f"{none} 00 {none} 00 fe{'0' * 29}1 00000400 00000002 00000000 00000003     eth1\n",
    )
    (machine.proc / "net/route").unlink()

    assert machine.meter().scan().uplinks == {"eth1"}


def test_changed_facts_are_taken_over_after_a_refresh(machine: Machine) -> None:
    machine.add("eth0", index=2, device="card", speed="100")
    meter = machine.meter()
    before = meter.scan().links["eth0"]

    machine.write("sys/class/net/eth0/speed", "1000\n")
    steady = meter.scan().links["eth0"]
    meter.refresh_links()
    after = meter.scan().links["eth0"]

    assert (before.speed, steady.speed, after.speed) == (12_500_000, 12_500_000, 125_000_000)


def test_an_interface_that_comes_back_with_another_index_is_another_epoch(machine: Machine) -> None:
    machine.add("usb0", index=5)
    meter = machine.meter()
    before = meter.scan()

    machine.write("sys/class/net/usb0/ifindex", "9\n")
    after = meter.scan()

    assert [look.readings[1].epoch.index for look in (before, after)] == [5, 9]
    assert after.links["usb0"].index == 9


def test_a_name_that_sysfs_does_not_know_has_just_vanished(machine: Machine) -> None:
    machine.count("gone0", received=5)

    assert [reading.subject.name for reading in machine.meter().scan().readings] == ["lo"]


def test_a_file_among_the_interfaces_is_none(machine: Machine) -> None:
    machine.write("sys/class/net/bonding_masters", "bond0\n")

    assert machine.meter().scan().links.keys() == {"lo"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("proc/net/dev", ""),
        ("proc/net/dev", DEV_HEADER),
        ("proc/net/route", ROUTE_HEADER + "eth0\t0000"),
        ("proc/net/ipv6_route", "0000 00"),
        ("proc/sys/kernel/random/boot_id", "\n"),
        ("sys/class/net/lo/ifindex", "one\n"),
        ("sys/class/net/lo/flags", "0xno\n"),
    ],
)
def test_garbage_names_its_file(machine: Machine, path: str, text: str) -> None:
    machine.write(path, text)

    with pytest.raises(MeterError) as raised:
        machine.meter().scan()

    assert str(machine.proc.parent / path) in str(raised.value)


@pytest.mark.parametrize(
    ("row", "unreadable_counts"),
    [
        ("eth0: 12 34", set(Counts._fields)),
        ("  eth0", set(Counts._fields)),
        ("eth0: a b c d e f g h i j k l m n o p", set(Counts._fields)),
        ("eth0: -5 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0", {"receive_bytes"}),
        ("eth0: 5 2 3 4 0 0 0 0 50 x 7 " + "8" * 5000 + " 0 0 0 0", {"transmit_packets", "transmit_drops"}),
        ("eth0: 18446744073709551615 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0", {"receive_bytes"}),
    ],
)
def test_a_garbled_row_costs_its_own_counts_alone(machine: Machine, row: str, unreadable_counts: set[str]) -> None:
    machine.add("eth0", index=2)
    machine.rows["eth0"] = row
    machine.count("lo", 77)

    counts = {reading.subject.name: reading.counts for reading in machine.meter().scan().readings}

    assert set(unreadable(counts["eth0"])) == unreadable_counts
    assert counts["lo"].receive_bytes == 77


@pytest.mark.parametrize(
    ("link", "name", "is_a_label"),
    [
        ("subsystem", "virtio", True),
        ("subsystem", "vmbus", True),
        ("subsystem", "xen", True),
        ("driver", "vmxnet3", True),
        ("driver", "ena", True),
        ("driver", "e1000e", False),
        ("subsystem", "usb", False),
    ],
)
def test_a_hypervisors_card_has_a_speed_that_is_a_label(
    machine: Machine, link: str, name: str, *, is_a_label: bool
) -> None:
    machine.write("sys/devices/card/none", "")
    (machine.sys / "devices/card" / link).symlink_to(f"../../bus/{name}")
    machine.add("eth0", index=2, device="devices/card", speed="1000")

    found = machine.meter().scan().links["eth0"]

    assert (found.speed, found.top_speed) == (125_000_000, None if is_a_label else 125_000_000)


@pytest.mark.parametrize("path", ["proc/net/dev", "proc/sys/kernel/random/boot_id", "sys/class/net"])
def test_what_is_missing_is_named(machine: Machine, path: str) -> None:
    (machine.proc.parent / path).rename(machine.proc.parent / "elsewhere")

    with pytest.raises(MeterError) as raised:
        machine.meter().scan()

    assert str(machine.proc.parent / path) in str(raised.value)


def test_a_meter_recovers_when_its_source_does(machine: Machine) -> None:
    meter = machine.meter()
    machine.write("proc/net/dev", "")
    with pytest.raises(MeterError):
        meter.scan()

    machine.count("lo", received=3)

    assert meter.scan().readings[0].counts.receive_bytes == 3


@pytest.mark.parametrize(
    ("machine_name", "bits"),
    [
        ("x86_64", 64),
        ("aarch64", 64),
        ("ppc64le", 64),
        ("riscv64", 64),
        ("s390x", 64),
        ("armv8l", 64),
        ("i686", 32),
        ("armv7l", 32),
        ("mips", 32),
        ("ppc", 32),
    ],
)
def test_a_kernel_counts_as_wide_as_it_is(machine_name: str, bits: int) -> None:
    assert counter_bits(machine_name) == bits


def test_a_larger_value_proves_a_counter_of_64_bits_for_good(machine: Machine) -> None:
    machine.add("eth0", index=2)
    meter = machine.meter("armv7l")

    widths = []
    for received in (2**32 - 1, 2**32, 5):
        machine.count("eth0", received=received)
        widths.append([reading.counter_bits for reading in meter.scan().readings])

    assert widths == [[32, 32], [32, 64], [32, 64]]
