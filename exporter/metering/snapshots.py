"""What the sampler publishes after each sample: all that /metrics and the live answers are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.clock import Instant


class MeterHealth(NamedTuple):
    """Whether a meter's last sample worked, how long it took (seconds), and why not."""

    is_up: bool
    read_seconds: float
    error: str = ""


class CounterFaults(NamedTuple):
    """Resets by (subject, cause) and discarded bytes by (subject, reason), since the service started.

    `subjects` are the names of those that have both from 0 on.
    """

    resets: Mapping[tuple[str, str], int]
    discarded: Mapping[tuple[str, str], int]
    subjects: tuple[str, ...]


@runtime_checkable
class HasCounterFaults(Protocol):
    """The state of a meter of counters."""

    @property
    def counter_faults(self) -> CounterFaults:
        """Resets and discards of its counters."""


@runtime_checkable
class HasMachineBytes(Protocol):
    """The state of the meter that measures the machine's total."""

    @property
    def machine_exposed(self) -> tuple[int, int]:
        """The machine's counters of /metrics: bytes received and transmitted."""


class MeterView(NamedTuple):
    """One meter now: its own state, its health, the seconds of all its gaps, the samples that failed since the start.

    `is_gap_open` says that the last sample is longer ago than a commit may leave unwritten.
    """

    state: object
    health: MeterHealth
    gap_seconds: int = 0
    is_gap_open: bool = False
    failures: int = 0


class Snapshot(NamedTuple):
    """The meters by name after one sample; `number` counts samples, `taken` is the newest that worked."""

    number: int
    taken: Instant
    meters: Mapping[str, MeterView]
