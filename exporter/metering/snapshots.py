"""What the sampler publishes after each sample: everything that /metrics and the live answers show."""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.postings import STILL, Speeds
from exporter.metering.readings import NOTHING, Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.clock import Instant
    from exporter.metering.readings import Link


class InterfaceState(NamedTuple):
    """One interface now: lifetime counts in the ledger (unposted ones included), rates in bytes per second.

    `link` is None for an interface that is gone; such a one is shown only where it counts. `counter_base` is the
    lifetime at which its counters of /metrics began again, after a restore that lost a part of it.
    """

    name: str
    is_counted: bool
    is_uplink: bool
    link: Link | None
    lifetime: Counts
    rates: Speeds = STILL
    counter_base: Counts = NOTHING

    @property
    def counter(self) -> Counts:
        """What its counters of /metrics show: they never fall a little, which Prometheus would take for a new 0."""
        if self.counter_base is NOTHING:
            return self.lifetime
        return Counts(*map(sub, self.lifetime, self.counter_base))


class MeterHealth(NamedTuple):
    """Whether the last look worked, how long it took (seconds), and why not."""

    is_up: bool
    read_seconds: float
    error: str = ""


class Snapshot(NamedTuple):
    """The state after one sample. `number` counts samples, `layout` changes of the set of interfaces and links.

    `resets` counts by (device, cause), `discarded` bytes by (device, reason), since the service started.
    `is_gap_open` says that nobody has looked for longer than the ledger takes for granted.
    """

    number: int
    layout: int
    taken: Instant
    interfaces: tuple[InterfaceState, ...]
    health: MeterHealth
    gap_seconds: int
    resets: Mapping[tuple[str, str], int]
    discarded: Mapping[tuple[str, str], int]
    is_gap_open: bool = False

    @property
    def machine_rates(self) -> Speeds:
        """Bytes per second of all counted interfaces together."""
        rates = [state.rates for state in self.interfaces if state.is_counted]
        return Speeds(*(sum(values) for values in zip(*rates, strict=True))) if rates else STILL
