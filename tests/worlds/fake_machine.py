"""A machine in memory: interfaces with counters, boots, clocks that can be set; a meter that listens to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND, Instant
from exporter.metering.counters.readings import NOTHING, Counts, Epoch, Link, Reading, Scan
from exporter.metering.samples import MeterError
from exporter.metering.subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = 4026531840
GIGABIT = 125_000_000
MORNING = 1_781_254_800
"""2026-06-12T09:00:00Z, a Friday."""

Pair = tuple[int, int]


def plus(counts: Counts, receive: int, transmit: int) -> Counts:
    """Bytes, and the packets of 1000 bytes that they came in."""
    more = Counts(receive, transmit, -(-receive // 1000), -(-transmit // 1000))
    return Counts(*(a + b for a, b in zip(counts, more, strict=True)))


@dataclass(eq=False)
class Interface:
    """One interface's life in one namespace; `moved` is what it really moved, whatever its counter says."""

    name: str
    index: int
    counts: Counts = NOTHING
    bits: int = 64
    speed: int | None = GIGABIT
    is_physical: bool = True
    is_loopback: bool = False
    announced: Counts | None = None
    moved: Pair = (0, 0)
    shown: Counts | None = None
    """What the driver shows instead of its counts, while something is wrong."""
    is_speed_a_label: bool = False

    def move(self, receive: int, transmit: int) -> None:
        """Send and receive; a 32-bit counter turns over."""
        counts = plus(self.counts, receive, transmit)
        self.counts = Counts(*(value % 2**self.bits for value in counts))
        self.moved = (self.moved[0] + receive, self.moved[1] + transmit)


@dataclass
class Machine:
    """Hardware, kernel and clocks. Time passes only by `wait` and `sleep`."""

    wall: int = MORNING * SECOND
    elapsed: int = 1000 * SECOND
    awake: int = 1000 * SECOND
    boots: int = 1
    namespace: int = NAMESPACE
    interfaces: dict[str, Interface] = field(default_factory=dict)
    ended: list[Interface] = field(default_factory=list)
    uplinks: set[str] = field(default_factory=set)
    meters: list[FakeMeter] = field(default_factory=list)
    indexes: int = 1
    changes: int = 0
    boot_name: str = ""
    """What the kernel calls its boot, where it is not its number."""

    def now(self) -> Instant:
        return Instant(self.wall, self.elapsed, self.awake)

    @property
    def seconds(self) -> int:
        """UTC seconds by the machine's clock."""
        return self.wall // SECOND

    @property
    def boot_id(self) -> str:
        return self.boot_name or f"boot-{self.boots}"

    def create(
        self,
        name: str,
        *,
        counts: Counts = NOTHING,
        bits: int = 64,
        speed: int | None = GIGABIT,
        is_uplink: bool = False,
        is_physical: bool = True,
        is_loopback: bool = False,
        is_speed_a_label: bool = False,
    ) -> Interface:
        self.indexes += 1
        made = Interface(name, self.indexes, counts, bits, speed, is_physical, is_loopback)
        made.is_speed_a_label = is_speed_a_label
        self.interfaces[name] = made
        if is_uplink:
            self.uplinks.add(name)
        for meter in self.meters:
            meter.announced[made.index] = made.counts
        self.changes += 1
        return made

    def delete(self, name: str) -> None:
        gone = self.interfaces.pop(name)
        self.ended.append(gone)
        for meter in self.meters:
            meter.departures.append((gone, meter.announced.pop(gone.index, None)))
        self.changes += 1

    def rename(self, old: str, new: str) -> None:
        renamed = self.interfaces.pop(old)
        renamed.name = new
        self.interfaces[new] = renamed
        self.changes += 1

    def swap(self, one: str, other: str) -> None:
        """Two interfaces exchange their names."""
        self.rename(one, "between")
        self.rename(other, one)
        self.rename("between", other)

    def move(self, name: str, receive: int, transmit: int = 0) -> None:
        self.interfaces[name].move(receive, transmit)

    def reset(self, name: str) -> None:
        """The driver begins again at 0."""
        self.interfaces[name].counts = NOTHING

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.sleep(seconds)
        self.awake += round(seconds * SECOND)

    def sleep(self, seconds: float) -> None:
        """The machine is suspended."""
        self.wall += round(seconds * SECOND)
        self.elapsed += round(seconds * SECOND)

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the wall clock, by so much."""
        self.wall += round(seconds * SECOND)

    def reboot(self, *, seconds: float = 30) -> None:
        """All counters begin anew; what they held is history."""
        self.boots += 1
        self.wall += round(seconds * SECOND)
        self.elapsed = self.awake = 10 * SECOND
        self.indexes = 1
        former, self.interfaces = self.interfaces, {}
        self.ended.extend(former.values())
        for name, was in former.items():
            self.indexes += 1
            self.interfaces[name] = Interface(
                name, self.indexes, NOTHING, was.bits, was.speed, was.is_physical, was.is_loopback
            )
        self.changes += 1

    def everyone(self) -> Iterator[Interface]:
        """All interfaces that ever were."""
        yield from self.ended
        yield from self.interfaces.values()

    def meter(self) -> FakeMeter:
        """A meter that listens from now on."""
        made = FakeMeter(self)
        self.meters.append(made)
        return made


class FakeMeter:
    """Reads a Machine as the Linux meter reads a kernel: births and ends are told once, links when they changed."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.announced: dict[int, Counts] = {}
        self.departures: list[tuple[Interface, Counts | None]] = []
        self.seen: dict[Interface, Pair] = {}
        self.problem = ""
        self.losses: tuple[str, ...] = ()
        self._links: dict[str, Link] = {}
        self._changes = -1

    def scan(self) -> Scan:
        if self.problem:
            raise MeterError(self.problem)
        machine = self.machine
        ended = [self._reading(gone, announced, is_present=False) for gone, announced in self.departures]
        present = [
            self._reading(here, self.announced.get(here.index), is_present=True) for here in machine.interfaces.values()
        ]
        self.seen.update((gone, gone.moved) for gone, _ in self.departures)
        self.seen.update((here, here.moved) for here in machine.interfaces.values() if here.shown is None)
        self.announced.clear()
        self.departures.clear()
        return Scan(
            machine.boot_id,
            machine.namespace,
            (*ended, *present),
            self._current_links(),
            frozenset(machine.uplinks & machine.interfaces.keys()),
            self.losses,
        )

    announces_links = True

    def default_devices(self) -> frozenset[str]:
        """Those that carry the machine's traffic."""
        return frozenset(self.machine.uplinks)

    def refresh_links(self) -> None:
        """Nothing is slow here."""

    def close(self) -> None:
        self.machine.meters.remove(self)

    def _current_links(self) -> dict[str, Link]:
        if self._changes != self.machine.changes:
            self._changes = self.machine.changes
            self._links = {
                name: Link(
                    name,
                    here.index,
                    "ethernet" if here.is_physical else "veth",
                    is_up=True,
                    is_physical=here.is_physical,
                    is_loopback=here.is_loopback,
                    speed=here.speed,
                    is_speed_a_label=here.is_speed_a_label,
                )
                for name, here in self.machine.interfaces.items()
            }
        return self._links

    def _reading(self, of: Interface, announced: Counts | None, *, is_present: bool) -> Reading:
        epoch = Epoch(self.machine.boot_id, self.machine.namespace, of.index)
        return Reading(Subject("interface", (of.name,)), epoch, of.shown or of.counts, of.bits, announced, is_present)
