"""Whether the kernel that is read is the one of the ledger's last sample; pure.

A boot has an id, and an instant: now, less the time since the boot. A container may call its boot by another id at each
start, a copied ledger comes from another machine, a virtual machine goes back to a snapshot.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.metering.clock import Instant
    from exporter.metering.counters.readings import Counts, Epoch, Scan
    from exporter.metering.postings import ClockState

TOLERANCE = 60 * SECOND
"""Clocks are mended by less than this without being set: what two instants of one boot may differ by."""
YOUNG = 600 * SECOND
"""A boot of less has most likely just been: its clock may still be behind, and not be set yet."""
ASTRAY = 3600 * SECOND
"""A clock that is behind the last sample by more is wrong, and does not date the boot."""


class BootMatch(Enum):
    """The kernel compared with that of the ledger's last sample."""

    SAME = "same"
    RENAMED = "renamed"
    """The same boot, which calls itself by another id."""
    REBOOTED = "rebooted"
    FOREIGN = "strange"
    """Another machine, or another time of this one: its counters say nothing of what the ledger lacks."""


class HeldCounter(NamedTuple):
    """A counter's checkpoint: its epoch and counts."""

    epoch: Epoch
    counts: Counts


def match_boot(
    state: ClockState, namespace: int, held: Iterable[HeldCounter], scan: Scan, now: Instant
) -> tuple[BootMatch, str]:
    """Compare a scan with the ledger's last one; the second value is the reason where it is foreign."""
    has_fallen, has_grown = _compare(state, namespace, held, scan)
    booted, previous = now.wall - now.elapsed, state.wall - state.elapsed
    if state.boot_id == scan.boot_id:
        if now.elapsed < state.elapsed:
            return BootMatch.FOREIGN, "this boot is younger than at the ledger's last sample"
        if booted - previous > TOLERANCE and has_fallen and not has_grown:
            return BootMatch.FOREIGN, "time is missing in this boot, and its counters went back"
        return BootMatch.SAME, ""
    is_one_boot = abs(booted - previous) < TOLERANCE and now.elapsed >= state.elapsed and booted < state.wall
    if is_one_boot and not has_fallen:
        return BootMatch.RENAMED, ""
    if is_one_boot or (booted < state.wall - TOLERANCE and not _has_lost_its_clock(state, now)):
        return (
            BootMatch.FOREIGN,
            "this machine has been up since before the ledger's last sample, and is not the one it was taken of",
        )
    return BootMatch.REBOOTED, ""


def _has_lost_its_clock(state: ClockState, now: Instant) -> bool:
    """A machine without a clock of its own boots in the past."""
    behind = state.wall - now.wall
    return behind > ASTRAY or (behind > 0 and now.elapsed <= YOUNG)


def _compare(state: ClockState, namespace: int, held: Iterable[HeldCounter], scan: Scan) -> tuple[bool, bool]:
    """Whether a counter that both know shows less than it did, and whether one shows more."""
    if namespace != scan.namespace:
        return False, False
    exposed = {reading.epoch.index: reading for reading in scan.readings if reading.is_present}
    pairs = [
        (one.counts[:4], exposed[one.epoch.index].counts[:4])
        for one in held
        if one.epoch[:2] == (state.boot_id, namespace)
        and one.epoch.index in exposed
        and exposed[one.epoch.index].counter_bits == 64  # noqa: PLR2004 - narrower ones wrap
    ]
    has_fallen = any(now < then for before, after in pairs for then, now in zip(before, after, strict=True))
    return has_fallen, any(now > then for before, after in pairs for then, now in zip(before, after, strict=True))
