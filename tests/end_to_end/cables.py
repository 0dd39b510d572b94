"""Links between two namespaces: a plain pair, a tunnel by the kernel, a tunnel by a program, a bridge."""

from __future__ import annotations

import fcntl
import os
import select
import struct
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.traffic import Sink, send

if TYPE_CHECKING:
    import socket

    from tests.end_to_end.namespaces import Namespace

BIGGEST_MTU = 65535
VXLAN_PORT = 4789
TUNNEL_PORT = 1194

TUNSETIFF = 0x400454CA
IFF_TUN_WITHOUT_HEADER = 0x0001 | 0x1000


class Cable:
    """Two devices that reach each other, with addresses and fixed neighbours: only datagrams move bytes."""

    def __init__(self, near: Namespace, far: Namespace, *, device: str, subnet: int, far_device: str = "") -> None:
        self.near, self.device = near, device
        self.far, self.far_device = far, far_device or device
        self.near_address = f"10.203.{subnet}.1"
        self.far_address = f"10.203.{subnet}.2"
        far.ip("address", "add", f"{self.far_address}/24", "dev", self.far_device)
        self.far_sink = Sink(far, self.far_address)
        self._settle_near()

    def _settle_near(self) -> None:
        self.near.ip("address", "add", f"{self.near_address}/24", "dev", self.device)
        self.near_sink = Sink(self.near, self.near_address)
        self.bring_up()

    def bring_up(self) -> None:
        self.far.ip("link", "set", self.far_device, "up")
        self.near.ip("link", "set", self.device, "up")
        self.near.know_neighbour(self.device, self.far_address, self.far.hardware_address(self.far_device))
        self.far.know_neighbour(self.far_device, self.near_address, self.near.hardware_address(self.device))

    def bring_down(self) -> None:
        self.near.ip("link", "set", self.device, "down")

    def lose_carrier(self) -> None:
        self.far.ip("link", "set", self.far_device, "down")

    def rename(self, name: str) -> None:
        """Give the near device another name; it is the same device."""
        self.bring_down()
        self.near.ip("link", "set", self.device, "name", name)
        self.device = name
        self.bring_up()

    def move_to(self, namespace: Namespace) -> None:
        """Move the near device, with its counters, into another namespace."""
        self.near_sink.close()
        self.near.ip("link", "set", self.device, "netns", namespace.name)
        self.near = namespace
        self._settle_near()

    def move(self, *, receive: int = 0, transmit: int = 0, size: int = 1000) -> None:
        """Send so many datagrams in each direction, as the near end sees it."""
        if receive:
            send(self.far, self.near_sink, count=receive, size=size)
        if transmit:
            send(self.near, self.far_sink, count=transmit, size=size)

    def delete(self) -> None:
        """Remove the device from both ends."""
        self.near.ip("link", "delete", self.device)
        self.close()

    def close(self) -> None:
        self.near_sink.close()
        self.far_sink.close()


def lay_pair(near: Namespace, far: Namespace, *, device: str, far_device: str = "") -> None:
    """Make a veth pair that takes datagrams of any size."""
    near.ip(
        *("link", "add", device, "mtu", str(BIGGEST_MTU), "type", "veth"),
        *("peer", "name", far_device or device, "mtu", str(BIGGEST_MTU), "netns", far.name),
    )


def lay_kernel_tunnel(over: Cable, *, device: str) -> None:
    """Make a VXLAN tunnel between the ends of a cable, stacked on its devices."""
    ends = (
        (over.near, over.device, over.near_address, over.far_address),
        (over.far, over.far_device, over.far_address, over.near_address),
    )
    for namespace, lower, local, remote in ends:
        namespace.ip(
            *("link", "add", device, "type", "vxlan", "id", "7", "dstport", str(VXLAN_PORT)),
            *("local", local, "remote", remote, "dev", lower),
        )


def lay_bridge(container: Namespace, machine: Namespace, *, device: str, bridge: str) -> None:
    """Make a bridge on the machine with a container on it, as container hosts do."""
    machine.ip("link", "add", bridge, "type", "bridge", "mcast_snooping", "0")
    lay_pair(container, machine, device=device, far_device=f"{bridge}-port")
    machine.ip("link", "set", f"{bridge}-port", "master", bridge, "up")


class ProgramTunnel:
    """A tunnel as VPN programs make it: a tun device at each end of a cable, packets carried by UDP."""

    def __init__(self, over: Cable, *, device: str) -> None:
        self._ends = [
            (_tun(over.near, device), _bound(over.near, over.near_address), over.far_address),
            (_tun(over.far, device), _bound(over.far, over.far_address), over.near_address),
        ]
        self._stop_reading, self._stop_writing = os.pipe()
        self._carrier = Thread(target=self._carry)
        self._carrier.start()

    def _carry(self) -> None:
        sources = {tun: (carrier, peer) for tun, carrier, peer in self._ends}
        targets = {carrier.fileno(): (tun, carrier) for tun, carrier, _ in self._ends}
        while True:
            readable, _, _ = select.select([self._stop_reading, *sources, *targets], [], [])
            if self._stop_reading in readable:
                return
            for descriptor in readable:
                if descriptor in sources:
                    carrier, peer = sources[descriptor]
                    carrier.sendto(os.read(descriptor, BIGGEST_MTU), (peer, TUNNEL_PORT))
                else:
                    tun, carrier = targets[descriptor]
                    os.write(tun, carrier.recv(BIGGEST_MTU))

    def close(self) -> None:
        os.close(self._stop_writing)
        self._carrier.join()
        os.close(self._stop_reading)
        for tun, carrier, _ in self._ends:
            carrier.close()
            os.close(tun)


def _tun(namespace: Namespace, device: str) -> int:
    def opened() -> int:
        try:
            descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError) as error:
            pytest.skip(f"/dev/net/tun: {error.strerror}")
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN_WITHOUT_HEADER))
        return descriptor

    return namespace.inside(opened)


def _bound(namespace: Namespace, address: str) -> socket.socket:
    carrier = namespace.datagram_socket()
    carrier.bind((address, TUNNEL_PORT))
    return carrier
