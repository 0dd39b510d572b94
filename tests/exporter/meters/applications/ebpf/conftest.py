from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NoReturn, Protocol

import pytest

from exporter.meters.applications.ebpf.source import MOST_ACCOUNTS, EbpfSource, find_cgroup, open_ebpf
from exporter.meters.applications.ebpf.syscalls import BpfError
from exporter.meters.applications.traffic import SourceError
from tests.end_to_end.namespaces import Moved
from tests.privileges import reason_against_namespaces
from tests.worlds.own_line import Line, Network, any_network, connected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exporter.meters.applications.ebpf.loading import Knowledge
    from exporter.meters.applications.scopes import Scopes
    from exporter.meters.applications.traffic import Traffic


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


@pytest.fixture
def network() -> Network:
    return any_network()


@pytest.fixture
def line(network: Network) -> Iterator[Line]:
    """Segmentation offload is off: a packet is a frame."""
    _skip_without_namespaces()
    with connected(network, "gso_max_segs", "1") as made:
        yield made


@pytest.fixture
def segmenting_line(network: Network) -> Iterator[Line]:
    """As devices are by default: they cut TCP's long packets, or would."""
    _skip_without_namespaces()
    with connected(network) as made:
        yield made


def _skip_without_namespaces() -> None:
    if reason := reason_against_namespaces():
        pytest.skip(reason)


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
