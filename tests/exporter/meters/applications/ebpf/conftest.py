from __future__ import annotations

import contextlib
import secrets
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

import pytest

from exporter.meters.applications.ebpf.source import MOST_ACCOUNTS, EbpfSource, find_cgroup, open_ebpf
from exporter.meters.applications.ebpf.syscalls import BpfError
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.traffic import SourceError
from tests.end_to_end.namespaces import Moved, Namespace
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exporter.meters.applications.ebpf.loading import Knowledge
    from exporter.meters.applications.traffic import Traffic


OURS = "ours"
"""The scope of a test's own network."""


class Readable(Protocol):
    """A source, here or in another process."""

    def read(self) -> Sequence[Traffic]: ...


class Seen:
    """What a source has reported so far, by command."""

    def __init__(self, source: Readable) -> None:
        self.source = source
        self.traffic: list[Traffic] = []
        source.read()

    def read(self) -> None:
        self.traffic += self.source.read()

    def rows(self, command: str, scope: str | None = None, protocol: str | None = None) -> list[Traffic]:
        """All traffic of a command, after another read; "" is everyone's."""
        self.read()
        return [
            each
            for each in self.traffic
            if command in {"", each.owner.special or each.owner.command}
            and scope in {None, each.scope}
            and protocol in {None, each.protocol}
        ]

    def of(self, command: str, scope: str | None = None, protocol: str | None = None) -> Moved:
        """Bytes of a command."""
        return bytes_of(self.rows(command, scope, protocol))

    def packets_of(self, command: str, scope: str | None = None, protocol: str | None = None) -> Moved:
        """Packets of a command."""
        rows = self.rows(command, scope, protocol)
        return Moved(sum(each.receive_packets for each in rows), sum(each.transmit_packets for each in rows))


def bytes_of(rows: Iterable[Traffic]) -> Moved:
    """Bytes received and transmitted."""
    rows = list(rows)
    return Moved(sum(each.receive_bytes for each in rows), sum(each.transmit_bytes for each in rows))


class Network(NamedTuple):
    """Addresses that no other test has, in a scope of their own: what no program owns can be told from others'."""

    near: str
    far: str
    near_ipv6: str
    far_ipv6: str

    @property
    def scopes(self) -> Scopes:
        """The built-in ones, and OURS."""
        return Scopes({name: tuple(map(ip_network, texts)) for name, texts in self.texts.items()})

    @property
    def texts(self) -> dict[str, tuple[str, ...]]:
        """As settings have them."""
        return {OURS: (f"{self.near}/31", f"{self.near_ipv6}/127")}


@pytest.fixture
def network() -> Network:
    """Of the networks for tests of devices (RFC 2544, RFC 5180)."""
    number = secrets.randbelow(1 << 15)
    ipv4 = [str(ip_address("198.18.0.0") + 2 * number + end) for end in (0, 1)]
    ipv6 = [str(ip_address("2001:2::") + 2 * number + end) for end in (0, 1)]
    return Network(*ipv4, *ipv6)


class Line(NamedTuple):
    """Two namespaces and the veth pair between them, eth9 at both ends; IPv6 says nothing of its own."""

    near: Namespace
    far: Namespace
    network: Network

    def counters(self) -> tuple[Moved, Moved]:
        """Of the device at the near end, and at the far end."""
        return self.near.counter("eth9"), self.far.counter("eth9")

    def bring_up(self) -> None:
        """Addresses and fixed neighbours, so that only programs move bytes."""
        near, far, near_ipv6, far_ipv6 = self.network
        for here, there in ((self.near, self.far), (self.far, self.near)):
            here.ip("link", "set", "eth9", "up", "arp", "off", "addrgenmode", "none")
            here.inside(partial(Path("/proc/sys/net/ipv6/conf/eth9/disable_ipv6").write_text, "0", "ascii"))
            for address, length in (
                ((near, 31), (near_ipv6, 127)) if here is self.near else ((far, 31), (far_ipv6, 127))
            ):
                here.ip("address", "add", f"{address}/{length}", "dev", "eth9", *(("nodad",) if ":" in address else ()))
            for peer in (far, far_ipv6) if here is self.near else (near, near_ipv6):
                here.know_neighbour("eth9", peer, there.hardware_address("eth9"))


@contextlib.contextmanager
def connected(network: Network, *options: str) -> Iterator[Line]:
    """A line whose devices have these options."""
    if reason := reason_against_namespaces():
        pytest.skip(reason)
    with contextlib.ExitStack() as undo:
        near, far = Namespace("near"), Namespace("far")
        undo.callback(near.delete)
        undo.callback(far.delete)
        near.ip("link", "add", "eth9", "type", "veth", "peer", "name", "eth9", "netns", far.name)
        for namespace in (near, far):
            namespace.ip("link", "set", "eth9", "mtu", "1500", *options)
        made = Line(near, far, network)
        made.bring_up()
        yield made


@pytest.fixture
def line(network: Network) -> Iterator[Line]:
    """Segmentation offload is off: a packet is a frame."""
    with connected(network, "gso_max_segs", "1") as made:
        yield made


@pytest.fixture
def segmenting_line(network: Network) -> Iterator[Line]:
    """As devices are by default: they cut TCP's long packets, or would."""
    with connected(network) as made:
        yield made


def refuse(error: SourceError) -> NoReturn:
    """Skip where the kernel allows no programs; a program that it finds fault with fails, with all its words."""
    if isinstance(error.__cause__, BpfError) and error.__cause__.log:
        pytest.fail(f"{error}\n{error.__cause__.log}")
    pytest.skip(str(error))


@contextlib.contextmanager
def counting(scopes: Scopes, most: int = MOST_ACCOUNTS, knowledge: Knowledge | None = None) -> Iterator[EbpfSource]:
    """Programs in this machine's kernel, old sockets adopted."""
    try:
        source = open_ebpf(scopes, find_cgroup(), most, knowledge)
    except SourceError as error:
        refuse(error)
    with contextlib.closing(source):
        source.refresh()
        yield source


@pytest.fixture
def seen(network: Network) -> Iterator[Seen]:
    with counting(network.scopes) as source:
        yield Seen(source)
