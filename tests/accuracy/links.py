"""Two namespaces with a link for each of several programs: its counter is what the program moved."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.end_to_end.namespaces import Moved, Namespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Links:
    """Devices link0, link1, ... by the names of their programs; a packet is a frame."""

    def __init__(self, near: Namespace, far: Namespace, names: Iterable[str]) -> None:
        """Lay them; addresses are of the networks for tests of devices (RFC 2544)."""
        self.near, self.far = near, far
        self._places = {name: place for place, name in enumerate(names)}
        for place in self._places.values():
            self._lay(f"link{place}", place)

    @property
    def devices(self) -> list[str]:
        """Of the near end."""
        return [f"link{place}" for place in self._places.values()]

    def far_of(self, name: str) -> str:
        """The address that a program talks to."""
        return f"198.19.{self._places[name]}.2"

    def counters(self) -> dict[str, Moved]:
        """What each program's link has moved."""
        counters = self.near.counters()
        return {name: counters[f"link{place}"] for name, place in self._places.items()}

    def total(self) -> int:
        """Bytes of all devices, loopback too, both ways."""
        return sum(moved.bytes for moved in self.near.counters().values())

    def _lay(self, device: str, place: int) -> None:
        self.near.ip("link", "add", device, "type", "veth", "peer", "name", device, "netns", self.far.name)
        ends = ((self.near, 1), (self.far, 2))
        for namespace, number in ends:
            namespace.ip("link", "set", device, "gso_max_segs", "1", "up")
            namespace.ip("address", "add", f"198.19.{place}.{number}/24", "dev", device)
        for (namespace, _), (other, number) in (ends, ends[::-1]):
            namespace.know_neighbour(device, f"198.19.{place}.{number}", other.hardware_address(device))


@contextmanager
def lay_links(names: Iterable[str]) -> Iterator[Links]:
    """Links for these programs, gone behind the block."""
    near, far = Namespace("near"), Namespace("far")
    try:
        yield Links(near, far, names)
    finally:
        near.delete()
        far.delete()
