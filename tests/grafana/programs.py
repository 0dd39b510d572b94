"""What programs move on the machine in memory, as a source of the application meter reads it."""

from __future__ import annotations

from typing import NamedTuple

from exporter.meters.applications.traffic import KERNEL, UNKNOWN, Backend, Owner, Traffic
from reports.ledger.shape import INTERNET, LAN, LOOPBACK
from tests.meters.applications import FakeSource


class Program(NamedTuple):
    """Bytes a second of an owner, received and sent, to one scope by one protocol."""

    owner: Owner
    scope: str
    protocol: str
    receive: int
    transmit: int


PROGRAMS = (
    Program(Owner("firefox"), INTERNET, "tcp", 70_000, 6_000),
    Program(Owner("firefox"), INTERNET, "udp", 40_000, 4_000),
    Program(Owner("steam"), INTERNET, "tcp", 50_000, 900),
    Program(Owner("restic"), "office", "tcp", 1_500, 11_000),
    Program(Owner("syncthing"), LAN, "tcp", 9_000, 5_000),
    Program(Owner("nginx"), INTERNET, "tcp", 1_200, 4_500),
    Program(Owner("nginx"), LAN, "tcp", 800, 1_500),
    Program(Owner("nginx"), LOOPBACK, "tcp", 20_000, 90_000),
    Program(Owner("postgres"), LOOPBACK, "tcp", 90_000, 20_000),
    Program(Owner("sshd"), LAN, "tcp", 700, 1_100),
    Program(Owner("apt"), INTERNET, "tcp", 12_000, 400),
    Program(Owner("podman"), INTERNET, "tcp", 8_000, 300),
    Program(Owner("thunderbird"), INTERNET, "tcp", 4_000, 900),
    Program(Owner("signal-desktop"), INTERNET, "tcp", 2_500, 1_200),
    Program(Owner("systemd-resolve"), LAN, "udp", 300, 200),
    Program(Owner("chronyd"), INTERNET, "udp", 20, 20),
    Program(Owner("ping"), INTERNET, "icmp", 10, 10),
    Program(Owner(special=KERNEL), LAN, "icmp", 90, 60),
    Program(Owner(special=UNKNOWN), INTERNET, "tcp", 3_000, 500),
)
"""Nine tenths of what the counted interfaces move."""
BYTES_A_PACKET = 800


class Programs(FakeSource):
    """They move at their speeds while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.backend = Backend("ebpf")

    def run(self, seconds: float) -> None:
        for owner, scope, protocol, *speeds in PROGRAMS:
            received, transmitted = (int(speed * seconds) for speed in speeds)
            packets = (received // BYTES_A_PACKET, transmitted // BYTES_A_PACKET)
            self.waiting.append(Traffic(owner, scope, protocol, received, transmitted, *packets))
