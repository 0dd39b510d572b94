"""What the sampler publishes after each sample: all that /metrics and the live answers are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.clock import Instant


class MeterHealth(NamedTuple):
    """Whether a meter's last sample worked, how long it took (seconds), and why not."""

    is_up: bool
    read_seconds: float
    error: str = ""


class MeterView(NamedTuple):
    """One meter now: its own state, its health, the seconds of all its gaps.

    `is_gap_open` says that the last sample is longer ago than a commit may leave unwritten.
    """

    state: object
    health: MeterHealth
    gap_seconds: int = 0
    is_gap_open: bool = False


class Snapshot(NamedTuple):
    """The meters by name after one sample; `number` counts samples, `taken` is the newest that worked."""

    number: int
    taken: Instant
    meters: Mapping[str, MeterView]
