"""Seeded walks through everything that happens to a machine's interfaces and to the service, in any order."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.namespaces import Moved
from tests.end_to_end.world import UPLINK

if TYPE_CHECKING:
    from tests.end_to_end.cables import Cable
    from tests.end_to_end.namespaces import Namespace
    from tests.end_to_end.service_under_test import Netledger
    from tests.end_to_end.world import World

pytestmark = pytest.mark.namespaces

NAMES = ("modem0", "modem1", "wwan0", "wwan1")
WHILE_RUNNING = ("appear", "vanish", "rename", "flap", "leave", "move_back", "stop", "kill", "move", "move")
WHILE_DOWN = ("appear", "rename", "start", "start", "move")


class Walk:
    """Does one event after the other, and knows what the ledger must hold in the end."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)  # noqa: S311 - the same walk in every run
        self.netledger: Netledger = world.netledger()
        self.elsewhere: Namespace = world.namespace("c")
        self.here: list[Cable] = []
        self.away: list[Cable] = []
        self.arrived: dict[Cable, Moved] = {}
        self.finished = Moved()
        self.subnet = 0

    def step(self) -> str:
        events = WHILE_RUNNING if self.netledger.is_running else WHILE_DOWN
        event = self.chance.choice(events)
        getattr(self, event)()
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, 0.4))
        return event

    def expected(self) -> Moved:
        return sum((self._moved(cable) for cable in self.here), start=self.finished)

    def appear(self) -> None:
        name = self._free_name()
        if name is None:
            return
        self.subnet += 1
        cable = self.world.cable(name, subnet=self.subnet)
        self.here.append(cable)
        self.arrived[cable] = Moved()
        self._transmit(cable)

    def vanish(self) -> None:
        if self.here:
            cable = self._leaving()
            cable.delete()

    def rename(self) -> None:
        name = self._free_name()
        if self.here and name is not None:
            self.chance.choice(self.here).rename(name)

    def flap(self) -> None:
        for cable in self.here:
            cable.bring_down()
            cable.bring_up()
            self._transmit(cable)

    def leave(self) -> None:
        if self.here:
            cable = self._leaving()
            cable.move_to(self.elsewhere)
            cable.move(transmit=700)
            self.away.append(cable)

    def move_back(self) -> None:
        if not self.away or self.away[0].device in {cable.device for cable in self.here}:
            return
        cable = self.away.pop(0)
        self.arrived[cable] = self.elsewhere.counter(cable.device)
        cable.move_to(self.world.machine)
        self.here.append(cable)
        self._transmit(cable)

    def move(self) -> None:
        for cable in self.here:
            self._transmit(cable)

    def start(self) -> None:
        self.netledger.start()

    def stop(self) -> None:
        self.netledger.stop()

    def kill(self) -> None:
        # What the kernel has forgotten must be in the ledger by now; what it remembers need not.
        self.netledger.command("audit", "--json")
        self.move()
        self.netledger.kill()

    def _transmit(self, cable: Cable) -> None:
        # A deleted veth takes its receive counter, which is its peer's, along before the kernel reports it.
        cable.move(transmit=self.chance.randrange(1, 200), size=self.chance.randrange(1, 1400))

    def _leaving(self) -> Cable:
        cable = self.chance.choice(self.here)
        self._transmit(cable)
        self.finished += self._moved(cable)
        self.here.remove(cable)
        return cable

    def _moved(self, cable: Cable) -> Moved:
        return self.world.machine.counter(cable.device) - self.arrived[cable]

    def _free_name(self) -> str | None:
        taken = {cable.device for cable in (*self.here, *self.away)}
        free = [name for name in NAMES if name not in taken]
        return self.chance.choice(free) if free else None


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_events_leaves_every_byte_counted_once(world: World, seed: int) -> None:
    walk = Walk(world, seed)
    start = world.machine.counters()
    walk.start()

    with world.background_traffic():
        events = [walk.step() for _ in range(40)]
    if not walk.netledger.is_running:
        walk.start()
    walk.netledger.stop()

    booked = sum((walk.netledger.booked(name) for name in NAMES), start=Moved())
    assert booked.transmit == walk.expected().transmit, events
    assert walk.netledger.booked(UPLINK) == world.moved_since(start), events
