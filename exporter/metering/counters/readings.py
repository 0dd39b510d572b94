"""Readings of cumulative counters: counts, epochs, links, and a scan of them all."""

from __future__ import annotations

from operator import add, sub
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from exporter.metering.subjects import Subject


class Counts(NamedTuple):
    """Eight counters of one subject: bytes and packets, and packets in error or dropped."""

    receive_bytes: int = 0
    transmit_bytes: int = 0
    receive_packets: int = 0
    transmit_packets: int = 0
    receive_errors: int = 0
    transmit_errors: int = 0
    receive_drops: int = 0
    transmit_drops: int = 0

    @property
    def bytes(self) -> int:
        """Received and transmitted together."""
        return self.receive_bytes + self.transmit_bytes


NOTHING = Counts()


def added(first: Counts, second: Counts) -> Counts:
    """Both together; several times a second for each interface, hence no generator."""
    return Counts._make(map(add, first, second))


def subtracted(later: Counts, earlier: Counts) -> Counts:
    """What was added from `earlier` to `later`."""
    return Counts._make(map(sub, later, earlier))


class Epoch(NamedTuple):
    """The identity of a counter: within one epoch it only grows.

    `boot_id` is the kernel's (never the boot time, which moves with the clock), `namespace` the kernel's
    cookie of the network namespace, `index` the interface index, which one namespace gives out once.
    """

    boot_id: str
    namespace: int
    index: int  # type: ignore[assignment]  # the kernel's word; tuple.index is not used

    def __str__(self) -> str:
        return f"{self.boot_id}/{self.namespace}/{self.index}"

    @classmethod
    def parse(cls, text: str) -> Epoch:
        """Read what `str()` wrote; raises ValueError on anything else."""
        boot_id, namespace, index = text.rsplit("/", 2)
        return cls(boot_id, int(namespace), int(index))


class Reading(NamedTuple):
    """Cumulative counts of one subject at one instant.

    `announced` are the counts that the kernel reported when the subject appeared while we listened: all above them
    was moved under our eyes. `is_present` is False for the last counts of a subject that has vanished. A count that
    could not be read is negative.
    """

    subject: Subject
    epoch: Epoch
    counts: Counts
    counter_bits: int = 64
    announced: Counts | None = None
    is_present: bool = True


class Link(NamedTuple):
    """Facts about an interface that are not counts; speed in bytes per second, None where unknown.

    `is_physical`: it has hardware of its own. `kind` is the kernel's word ("ethernet", "wlan", "bridge", "vlan",
    "veth", "tun", "ppp", "bond", "loopback", ...), lower case. `lower` are the devices it is stacked on.
    `is_speed_a_label`: a hypervisor wrote the speed on it, and it may move more.
    """

    name: str
    index: int  # type: ignore[assignment]  # the kernel's word; tuple.index is not used
    kind: str
    is_up: bool
    is_physical: bool
    is_loopback: bool = False
    speed: int | None = None
    address: str = ""
    mtu: int = 0
    lower: tuple[str, ...] = ()
    is_speed_a_label: bool = False

    @property
    def top_speed(self) -> int | None:
        """Bytes per second that its hardware can move, None where unknown."""
        return None if self.is_speed_a_label else self.speed


class Scan(NamedTuple):
    """All counters at one instant: readings (the last ones of interfaces that vanished first), and links.

    `uplinks` are the names of the devices that carry the machine's traffic to the outside now. `losses` are sentences
    about messages that the kernel dropped since the last scan.
    """

    boot_id: str
    namespace: int
    readings: tuple[Reading, ...]
    links: dict[str, Link]
    uplinks: frozenset[str]
    losses: tuple[str, ...] = ()


class CounterReader(Protocol):
    """Reads the counters of one operating system. It knows no time, no past and no ledger."""

    @property
    def announces_links(self) -> bool:
        """Whether the kernel announces interfaces that come, go and are renamed."""

    def scan(self) -> Scan:
        """Read every counter now; raises MeterError."""

    def default_devices(self) -> frozenset[str]:
        """Devices with a default route, after a scan; empty where the system does not list routes."""

    def refresh_links(self) -> None:
        """Read slow facts of links, for the next scan; runs on a worker thread."""

    def close(self) -> None:
        """Release what is held open."""
