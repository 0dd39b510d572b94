"""Where bytes go, as the kernel's programs find it: loopback, lan, internet, networks by their longest prefix."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.scopes import Scopes
from tests.exporter.meters.applications.ebpf.conftest import Seen, counting
from tests.worlds.programs import program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces

PEERS = {
    "10.77.0.9": "lan",
    "192.168.77.9": "lan",
    "224.0.0.77": "lan",
    "fd77::9": "lan",
    "198.51.100.9": "internet",
    "2001:db8::9": "internet",
    "203.0.113.9": "backup",
    "10.77.1.9": "office",
    "10.77.1.200": "floor",
    "2001:db8:77::9": "office",
    "2001:db8:77:1::9": "floor",
}
NETWORKS = {
    "office": ("10.77.1.0/24", "2001:db8:77::/48"),
    "floor": ("10.77.1.128/25", "2001:db8:77:1::/64"),
    "backup": ("203.0.113.0/24",),
}
SEND = """
import socket, sys
for place, address in list(enumerate(sys.argv[1:], 1)) * 2:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(bytes(place * 10), (address, 9))
"""
"""Arguments: addresses. Sends 10 bytes to the first, 20 to the second, and so on; then all again to known peers."""


def test_every_peer_has_its_scope_also_in_the_kernel(line: Line, tmp_path: Path) -> None:
    sender = program(tmp_path, "send")
    scopes = Scopes({name: tuple(map(ip_network, texts)) for name, texts in NETWORKS.items()})
    for default, gateway in (("0.0.0.0/0", line.network.far), ("::/0", line.network.far_ipv6)):
        line.near.ip("route", "add", default, "via", gateway, "dev", "eth9")
    line.near.ip("route", "add", "224.0.0.0/4", "dev", "eth9")

    with counting(scopes) as source:
        seen = Seen(source)
        sender.run(line.near, SEND, *PEERS)

        expected = dict.fromkeys(PEERS.values(), 0)
        for place, (address, scope) in enumerate(PEERS.items(), 1):
            expected[scope] += 2 * (place * 10 + 14 + (48 if ":" in address else 28))
        assert {scope: seen.of(sender.command, scope).transmit for scope in scopes.names} == {
            "loopback": 0,
            **expected,
        }


@pytest.mark.parametrize("address", ["127.0.0.1", "127.77.0.9", "the machine's own"])
def test_what_stays_in_the_machine_is_loopback(line: Line, seen: Seen, tmp_path: Path, address: str) -> None:
    sender, before = program(tmp_path, "send"), line.near.counter("lo")

    sender.run(line.near, SEND, line.network.near if address.startswith("the") else address)

    assert line.near.counter("lo").transmit > before.transmit
    assert seen.of(sender.command, "loopback") == seen.of(sender.command)
    assert seen.of(sender.command).transmit == 2 * (10 + 14 + 28)
