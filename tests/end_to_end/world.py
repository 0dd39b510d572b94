"""A machine with one uplink to the outside, each in a network namespace, and netledger on the machine."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.end_to_end.cables import Cable, ProgramTunnel, lay_bridge, lay_kernel_tunnel, lay_pair
from tests.end_to_end.namespaces import Moved, Namespace
from tests.end_to_end.service_under_test import Netledger
from tests.end_to_end.traffic import steady

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from tests.end_to_end.traffic import Sink

UPLINK = "up0"
PATIENCE_SECONDS = 15


class World:
    """`machine` is metered, `outside` is the rest of the world; their cable is the machine's uplink."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._undo = ExitStack()
        try:
            self.outside = self.namespace("b")
            self.machine = self.namespace("a")
            self.uplink = self.cable(UPLINK, subnet=0)
            self.route_default()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._undo.close()

    def on_close(self, undo: Callable[[], object]) -> None:
        """Have something undone when the world ends, before what was made earlier."""
        self._undo.callback(undo)

    def namespace(self, role: str) -> Namespace:
        """Make one more namespace, gone with the world."""
        made = Namespace(role)
        self.on_close(made.delete)
        return made

    def cable(self, device: str, *, subnet: int, near: Namespace | None = None) -> Cable:
        """Connect the machine (or `near`) and the outside by one more veth pair."""
        near, far_device = near or self.machine, f"far{subnet}"
        lay_pair(near, self.outside, device=device, far_device=far_device)
        return self._kept(Cable(near, self.outside, device=device, far_device=far_device, subnet=subnet))

    def kernel_tunnel(self, device: str, *, subnet: int) -> Cable:
        """Connect the machine and the outside by a tunnel of the kernel's over the uplink."""
        lay_kernel_tunnel(self.uplink, device=device)
        return self._kept(Cable(self.machine, self.outside, device=device, subnet=subnet))

    def program_tunnel(self, device: str, *, subnet: int) -> Cable:
        """Connect the machine and the outside by a tunnel over the uplink that a program carries."""
        tunnel = ProgramTunnel(self.uplink, device=device)
        self.on_close(tunnel.close)
        return self._kept(Cable(self.machine, self.outside, device=device, subnet=subnet))

    def container(self, bridge: str, *, subnet: int) -> Cable:
        """Start a container on a bridge of the machine; its default route leads through the machine."""
        container = self.namespace("c")
        lay_bridge(container, self.machine, device="eth0", bridge=bridge)
        made = self._kept(Cable(container, self.machine, device="eth0", far_device=bridge, subnet=subnet))
        self.machine.switch_on("ipv4/ip_forward")
        container.ip("route", "add", "default", "via", made.far_address)
        self.outside.ip("route", "add", f"10.203.{subnet}.0/24", "via", self.uplink.near_address)
        return made

    def _kept(self, cable: Cable) -> Cable:
        self.on_close(cable.close)
        return cable

    def route_default(self) -> None:
        """Send what leaves the machine through the uplink."""
        self.machine.ip("route", "replace", "default", "via", self.uplink.far_address)

    def netledger(self, name: str = "netledger", **settings: dict[str, object]) -> Netledger:
        """Install netledger on the machine, with a ledger of its own."""
        made = Netledger(self.machine, self.folder / name, settings)
        self.on_close(made.end)
        return made

    def background_traffic(self, *cables: Cable, seed: int = 1) -> AbstractContextManager[None]:
        """Steady traffic in both directions of the cables (of the uplink, when none is named)."""
        pairs: list[tuple[Namespace, Sink]] = []
        for cable in cables or (self.uplink,):
            pairs += [(cable.near, cable.far_sink), (cable.far, cable.near_sink)]
        return steady(pairs, seed=seed)

    def moved_since(self, start: dict[str, Moved], device: str = UPLINK) -> Moved:
        """What the kernel counted on a device of the machine after `start` was read."""
        return self.machine.counter(device) - start.get(device, Moved())

    def wait_until_quiet(self) -> None:
        """Wait until what programs still carry has arrived."""
        before = self.machine.counters()
        while (now := self.machine.counters_after(seconds=0.2)) != before:
            before = now


def eventually(holds: Callable[[], bool], what: str, *, patience: float = PATIENCE_SECONDS) -> None:
    """Wait until `holds()`, and fail with the sentence `what` when it doesn't in time."""
    ends = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < ends, f"not within {patience} s: {what}"
        time.sleep(0.05)
