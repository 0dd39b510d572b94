"""Two network namespaces with a veth pair whose addresses no other test has, in a scope of their own."""

from __future__ import annotations

import contextlib
import secrets
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.scopes import Scopes
from tests.end_to_end.namespaces import Moved, Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = {"tcp_early_retrans": "0", "tcp_rto_min_us": "2000000"}
"""Of TCP in both namespaces, where the kernel has it (6.11): what a busy machine delays is not sent again.

The second answer to a FIN that was sent twice finds its socket closed, and the kernel answers it itself.
"""

OURS = "ours"
"""The scope of a test's own network."""


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


def any_network() -> Network:
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
            here.inside(_be_patient)
            here.ip("link", "set", "eth9", "up", "arp", "off", "addrgenmode", "none")
            here.inside(partial(Path("/proc/sys/net/ipv6/conf/eth9/disable_ipv6").write_text, "0", "ascii"))
            for address, length in (
                ((near, 31), (near_ipv6, 127)) if here is self.near else ((far, 31), (far_ipv6, 127))
            ):
                here.ip("address", "add", f"{address}/{length}", "dev", "eth9", *(("nodad",) if ":" in address else ()))
            for peer in (far, far_ipv6) if here is self.near else (near, near_ipv6):
                here.know_neighbour("eth9", peer, there.hardware_address("eth9"))


def _be_patient() -> None:
    for name, value in PATIENCE.items():
        setting = Path("/proc/sys/net/ipv4", name)
        if setting.exists():
            setting.write_text(value, "ascii")


@contextlib.contextmanager
def connected(network: Network, *options: str) -> Iterator[Line]:
    """A line whose devices have these options."""
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
