from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import pytest

from exporter.meters.applications.ebpf.source import EbpfSource, find_cgroup, open_ebpf
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

    def of(self, command: str, scope: str | None = None, protocol: str | None = None) -> tuple[int, int]:
        """Bytes received and transmitted by a command, after another read."""
        self.read()
        rows = [
            each
            for each in self.traffic
            if (each.owner.special or each.owner.command) == command
            and scope in {None, each.scope}
            and protocol in {None, each.protocol}
        ]
        return sum(each.receive_bytes for each in rows), sum(each.transmit_bytes for each in rows)


class Line(NamedTuple):
    """Two namespaces and the veth pair between them; segmentation offload is off: a packet is a frame."""

    near: Namespace
    far: Namespace
    cable: Cable


@pytest.fixture
def line() -> Iterator[Line]:
    if reason := reason_against_namespaces():
        pytest.skip(reason)
    with contextlib.ExitStack() as undo:
        near, far = Namespace("near"), Namespace("far")
        undo.callback(near.delete)
        undo.callback(far.delete)
        near.ip("link", "add", "eth9", "type", "veth", "peer", "name", "eth9", "netns", far.name)
        for namespace in (near, far):
            namespace.ip("link", "set", "eth9", "gso_max_segs", "1")
        cable = Cable(near, far, device="eth9", subnet=7)
        undo.callback(cable.close)
        yield Line(near, far, cable)


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Programs in this machine's kernel."""
    try:
        source = open_ebpf(Scopes({}), find_cgroup())
    except SourceError as error:
        pytest.skip(str(error))
    with contextlib.closing(source):
        yield Seen(source)
