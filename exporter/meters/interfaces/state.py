"""What the interface meter shows: every interface now, and resets and discards since the service started."""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.counters.checkpoints import MachineBase
from exporter.metering.counters.readings import NOTHING, Counts
from exporter.metering.counters.speeds import NO_SPEED, Speeds
from exporter.metering.snapshots import CounterFaults
from exporter.metering.subjects import Subject
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.counters.readings import Link
    from exporter.metering.counters.tracked import TrackedCounter
    from exporter.metering.snapshots import Snapshot


class InterfaceState(NamedTuple):
    """One interface now: lifetime counts in the ledger (unposted ones included), rates in bytes per second.

    `link` is None for an interface that is gone; such a one is listed only where it counts. `exposed_base` is the
    lifetime at which its counters of /metrics began again, after a restore that lost a part of it.
    """

    name: str
    is_counted: bool
    is_uplink: bool
    link: Link | None
    lifetime: Counts
    rates: Speeds = NO_SPEED
    exposed_base: Counts = NOTHING

    @property
    def exposed(self) -> Counts:
        """What its counters of /metrics show: they never fall a little, which Prometheus would take for a new 0."""
        if self.exposed_base is NOTHING:
            return self.lifetime
        return Counts(*map(sub, self.lifetime, self.exposed_base))


class InterfacesState(NamedTuple):
    """All interfaces. `layout` counts changes of their set and links.

    `resets` counts by (device, cause), `discarded` bytes by (device, reason), since the service started.
    """

    layout: int = 0
    interfaces: tuple[InterfaceState, ...] = ()
    resets: Mapping[tuple[str, str], int] = {}
    discarded: Mapping[tuple[str, str], int] = {}
    machine_base: MachineBase = MachineBase()

    @property
    def machine_exposed(self) -> tuple[int, int]:
        """The machine's counters of /metrics: bytes received and transmitted by interfaces while they counted."""
        moved = [state.lifetime[:2] for state in self.interfaces if state.is_counted]
        receive, transmit = (
            sum(pair[side] for pair in moved) - sum(base[side] for base in self.machine_base) for side in (0, 1)
        )
        return receive, transmit

    @property
    def counter_faults(self) -> CounterFaults:
        """Resets and discards, of every interface listed."""
        return CounterFaults(self.resets, self.discarded, tuple(state.name for state in self.interfaces))

    @property
    def machine_rates(self) -> Speeds:
        """Bytes per second of all counted interfaces together."""
        rates = [state.rates for state in self.interfaces if state.is_counted]
        return Speeds(*(sum(values) for values in zip(*rates, strict=True))) if rates else NO_SPEED


def interfaces_of(snapshot: Snapshot) -> InterfacesState:
    """The interface meter's state of a snapshot."""
    state = snapshot.meters[INTERFACE.name].state
    if not isinstance(state, InterfacesState):
        raise TypeError(f"the interface meter shows {type(state).__name__}")
    return state


def interface(name: str) -> Subject:
    """The subject of an interface."""
    return Subject(INTERFACE.name, (name,))


def states_of(counters: Iterable[TrackedCounter], links: Mapping[str, Link]) -> tuple[InterfaceState, ...]:
    """Every interface that is there, and those that have gone and count."""
    return tuple(
        InterfaceState(
            counter.name,
            counter.is_counted,
            counter.is_uplink,
            links.get(counter.name) if counter.is_present else None,
            counter.lifetime,
            counter.rates,
            counter.exposed_base,
        )
        for counter in counters
        if counter.is_present or counter.is_counted
    )
