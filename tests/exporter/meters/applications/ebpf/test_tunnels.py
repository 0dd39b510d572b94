"""Bytes through a tunnel: the program's, once within the tunnel; and again as the tunnel's own on the uplink."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.namespaces import Moved
from tests.exporter.meters.applications.ebpf.conftest import Seen, bytes_of
from tests.exporter.meters.applications.ebpf.metering import Metering
from tests.worlds.datagram_programs import DATAGRAMS, SINK
from tests.worlds.own_line import OURS
from tests.worlds.programs import ACCEPT, CONNECT, program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.namespaces import Namespace
    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces

TUNNEL = """
import fcntl, os, select, socket, struct, sys
device, address, peer = sys.argv[1:]
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", device.encode(), 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
carrier = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
carrier.bind((address, 1194))
print("ready", flush=True)
while True:
    for ready in select.select([tun, carrier], [], [])[0]:
        if ready is tun:
            carrier.sendto(os.read(tun, 65535), (peer, 1194))
        else:
            os.write(tun, carrier.recv(65535))
"""
"""Arguments: device, address, peer. A tunnel as VPN programs make it: packets of a device, carried by UDP."""

NEAR_INSIDE, FAR_INSIDE = "10.99.0.1", "10.99.0.2"


@contextlib.contextmanager
def metering_within(namespace: Namespace, line: Line) -> Iterator[Seen]:
    """A source in a namespace, as a service has it there; `ip netns` mounts a /sys without cgroups."""
    mounted = ("sh", "-c", 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"', "sh")
    prefix = ("ip", "netns", "exec", namespace.name, *mounted)
    with contextlib.closing(Metering(line.network.texts, prefix)) as metering:
        if metering.error:
            pytest.skip(metering.error)
        yield Seen(metering)


def address(line: Line, device: str) -> None:
    """Both ends of a tunnel get their addresses."""
    for namespace, here in ((line.near, NEAR_INSIDE), (line.far, FAR_INSIDE)):
        namespace.ip("address", "add", f"{here}/24", "dev", device)
        namespace.ip("link", "set", device, "mtu", "1400", "up")


def tunnelled(seen: Seen, command: str, *, in_tunnel: bool = True) -> Moved:
    return bytes_of(row for row in seen.rows(command) if row.in_tunnel == in_tunnel)


def test_a_programs_bytes_are_in_the_tunnel_and_the_tunnels_on_the_uplink(line: Line, tmp_path: Path) -> None:
    if not Path("/dev/net/tun").exists():
        pytest.skip("/dev/net/tun does not exist")
    client, server, tunnel, far_tunnel = (program(tmp_path, role) for role in ("connect", "accept", "vpn", "far"))
    network = line.network
    with (
        metering_within(line.near, line) as seen,
        tunnel.serving(line.near, TUNNEL, "tun9", network.near, network.far),
        far_tunnel.serving(line.far, TUNNEL, "tun9", network.far, network.near),
        server.serving(line.far, ACCEPT, "0.0.0.0", "1000000", "send") as port,
    ):
        address(line, "tun9")
        seen.read()  # finds the new device
        before = line.near.counters()
        client.run(line.near, CONNECT, FAR_INSIDE, port, "1000000", "take")
        direct = program(tmp_path, "direct")
        direct.run(line.near, CONNECT, network.far, port, "1000000", "take")
        after = line.near.counters()
        uplink, inside = after["eth9"] - before["eth9"], after["tun9"] - before["tun9"]

        assert tunnelled(seen, client.command) == seen.of(client.command) == inside
        assert seen.of(client.command).receive > 1_000_000
        assert tunnelled(seen, direct.command) == tunnelled(seen, tunnel.command) == Moved()
        assert seen.of(direct.command) + seen.of(tunnel.command) == uplink
        mine = [row for each in (client, direct, tunnel) for row in seen.rows(each.command)]
        assert bytes_of(mine) - bytes_of(row for row in mine if row.in_tunnel) == uplink


def test_bytes_in_the_kernels_own_tunnel_are_the_programs_and_its_packets_nobodys(line: Line, tmp_path: Path) -> None:
    sender, sink, network = program(tmp_path, "send"), program(tmp_path, "sink"), line.network
    for namespace, here, there in ((line.near, network.near, network.far), (line.far, network.far, network.near)):
        ends = ("id", "77", "dstport", "4789", "local", here, "remote", there, "dev", "eth9")
        try:
            namespace.ip("link", "add", "vxlan9", "type", "vxlan", *ends)
        except AssertionError as error:
            pytest.skip(f"vxlan: {error}")
        namespace.ip("link", "set", "vxlan9", "addrgenmode", "none")
    with metering_within(line.near, line) as seen, sink.serving(line.far, SINK, "0.0.0.0") as port:
        address(line, "vxlan9")
        for end, other, peer in ((line.near, line.far, FAR_INSIDE), (line.far, line.near, NEAR_INSIDE)):
            end.know_neighbour("vxlan9", peer, other.hardware_address("vxlan9"))
        seen.read()
        before = line.near.counters()
        sender.run(line.near, DATAGRAMS, FAR_INSIDE, port, "1", "100", "1000", "0")
        after = line.near.counters()
        uplink = after["eth9"] - before["eth9"]

        one = 20 + 8  # of a packet in a tunnel: no Ethernet
        assert (
            tunnelled(seen, sender.command) == seen.of(sender.command) == Moved(1 + one, 100 * (1000 + one) + 1 + one)
        )
        assert uplink.transmit > seen.of(sender.command).transmit
        # The kernel sends these without a socket that cgroups see: they are (unattributed), once.
        assert seen.of("", OURS, "udp") == Moved()
