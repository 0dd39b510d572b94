"""Which counts of a reading are plausible; a counter that fell is judged by a second scan; pure."""

from __future__ import annotations

from typing import NamedTuple

from exporter.metering.counters.differences import BURST_SECONDS, GIGABIT, reach
from exporter.metering.counters.readings import NOTHING, Counts

MOST = 2**63 - 1
"""The largest number that the ledger holds; no counter gets there."""
MOST_LIFETIME = 2**62
"""Bytes that one interface can have moved: two of them still fit into one sum."""
UNKNOWN = Counts(-1, -1, -1, -1, -1, -1, -1, -1)
"""A count that was never readable in this epoch: its first readable value is its baseline."""

Sides = tuple[bool, bool]
"""Which directions: received, transmitted."""


class Fall(NamedTuple):
    """Counts that fell at the last scan and wait for a second one, and seconds since the scan before."""

    sides: Sides
    low: Counts
    seconds: float


def unreadable(counts: Counts) -> tuple[str, ...]:
    """Names of the counts that cannot be: negative, or 2**63 and more."""
    if min(counts) >= 0 and max(counts) <= MOST:
        return ()
    return tuple(name for name, count in zip(counts._fields, counts, strict=True) if not 0 <= count <= MOST)


def readable(before: Counts, after: Counts) -> tuple[Counts, Counts]:
    """Both readings, so that a count which cannot be read now, or could not before, moves nothing between them.

    A direction whose bytes cannot be read stays as it was.
    """
    if min(*before, *after) >= 0 and max(after) <= MOST:
        return before, after
    exposed = Counts(*(now if 0 <= now <= MOST else then for then, now in zip(before, after, strict=True)))
    after = instead(exposed, before, without_bytes(after))
    return Counts(*(now if then < 0 else then for then, now in zip(before, after, strict=True))), after


def without_bytes(counts: Counts) -> Sides:
    """Which directions cannot be judged, as their bytes cannot be read."""
    return not 0 <= counts.receive_bytes <= MOST, not 0 <= counts.transmit_bytes <= MOST


def needs_a_second_scan(before: Counts, sides: Sides, speed: int | None, seconds: float) -> bool:
    """Whether a counter that fell could not climb back by itself, so that the next scan tells a reset from a slip."""
    # Two scans may come within a moment; the one that decides comes a second later.
    possible = reach(speed or GIGABIT, max(2 * seconds, BURST_SECONDS))
    return any(before[side] > possible for side in (0, 1) if sides[side])


def instead(counts: Counts, other: Counts, sides: Sides) -> Counts:
    """These counts, with those directions of the other's."""
    return Counts(
        *(theirs if sides[at % 2] else ours for at, (ours, theirs) in enumerate(zip(counts, other, strict=True)))
    )


def since_reset(after: Counts, exposed: Counts, sides: Sides) -> Counts:
    """What these directions show since they began at 0, also where one of their counts cannot be read."""
    return instead(after, readable(NOTHING, exposed)[1], sides)


def settled(before: Counts, after: Counts, fall: Fall, fell: Sides, *, is_last: bool) -> tuple[Counts, Counts]:
    """Both readings after a second scan: a counter that fell again began at 0, else it never fell."""
    if not any(ours and theirs for ours, theirs in zip(fall.sides, fell, strict=True)):
        return before, after
    if is_last:  # an end may give nothing; what the scan before has found was moved
        after = instead(after, Counts(*map(max, after, fall.low)), fall.sides)
    return instead(before, NOTHING, fall.sides), after
