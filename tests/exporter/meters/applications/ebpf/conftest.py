from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import pytest

from exporter.meters.applications.ebpf.source import EbpfSource, find_cgroup, open_ebpf
from exporter.meters.applications.ebpf.syscalls import BpfError
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.traffic import SourceError
from tests.end_to_end.cables import Cable
from tests.end_to_end.namespaces import Namespace
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.meters.applications.traffic import Traffic


class Seen:
    """What a source has reported so far, by command."""

    def __init__(self, source: EbpfSource) -> None:
        self.source = source
        self.traffic: list[Traffic] = []
        source.read()

    def read(self) -> None:
        self.traffic += self.source.read()

    def rows(self, command: str) -> list[Traffic]:
        """All traffic of a command, after another read."""
        self.read()
        return [each for each in self.traffic if (each.owner.special or each.owner.command) == command]

    def of(self, command: str, scope: str | None = None, protocol: str | None = None) -> tuple[int, int]:
        """Bytes received and transmitted by a command, after another read."""
        rows = [
            each for each in self.rows(command) if scope in {None, each.scope} and protocol in {None, each.protocol}
        ]
        return sum(each.receive_bytes for each in rows), sum(each.transmit_bytes for each in rows)

    def packets_of(self, command: str) -> tuple[int, int]:
        """Packets received and transmitted by a command, after another read."""
        rows = self.rows(command)
        return sum(each.receive_packets for each in rows), sum(each.transmit_packets for each in rows)


class Line(NamedTuple):
    """Two namespaces and the veth pair between them, eth9 at both ends."""

    near: Namespace
    far: Namespace
    cable: Cable
    near_ipv6: str = "fd00:7::1"
    far_ipv6: str = "fd00:7::2"

    def bring_up_ipv6(self) -> None:
        """Addresses and fixed neighbours, and no messages of IPv6's own: only programs move bytes."""
        ends = (
            (self.near, self.near_ipv6, self.far, self.far_ipv6),
            (self.far, self.far_ipv6, self.near, self.near_ipv6),
        )
        for here, address, there, peer in ends:
            here.ip("link", "set", "eth9", "arp", "off", "addrgenmode", "none")
            here.inside(partial(Path("/proc/sys/net/ipv6/conf/eth9/disable_ipv6").write_text, "0", "ascii"))
            here.ip("address", "add", f"{address}/64", "dev", "eth9", "nodad")
            here.know_neighbour("eth9", peer, there.hardware_address("eth9"))


def _line(*options: str) -> Iterator[Line]:
    if reason := reason_against_namespaces():
        pytest.skip(reason)
    with contextlib.ExitStack() as undo:
        near, far = Namespace("near"), Namespace("far")
        undo.callback(near.delete)
        undo.callback(far.delete)
        near.ip("link", "add", "eth9", "type", "veth", "peer", "name", "eth9", "netns", far.name)
        for namespace in (near, far):
            namespace.ip("link", "set", "eth9", "mtu", "1500", *options)
        cable = Cable(near, far, device="eth9", subnet=7)
        undo.callback(cable.close)
        yield Line(near, far, cable)


@pytest.fixture
def line() -> Iterator[Line]:
    """Segmentation offload is off: a packet is a frame."""
    yield from _line("gso_max_segs", "1")


@pytest.fixture
def segmenting_line() -> Iterator[Line]:
    """As devices are by default: they cut TCP's long packets, or would."""
    yield from _line()


def refuse(error: SourceError) -> NoReturn:
    """Skip where the kernel allows no programs; a program that it finds fault with fails, with all its words."""
    if isinstance(error.__cause__, BpfError) and error.__cause__.log:
        pytest.fail(f"{error}\n{error.__cause__.log}")
    pytest.skip(str(error))


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Programs in this machine's kernel."""
    try:
        source = open_ebpf(Scopes({}), find_cgroup())
    except SourceError as error:
        refuse(error)
    with contextlib.closing(source):
        yield Seen(source)
