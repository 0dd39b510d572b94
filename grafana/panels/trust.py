"""Gaps, discarded bytes, resets and failed commits; none of them is usual, so 0 reads "none"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import GOOD, SOON, steps, words
from grafana.kit.panels import Frame, number
from grafana.kit.queries import kept, now, of

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.stat import Panel

NONE = words({"0": ("none", GOOD)})


def gaps(frame: Frame) -> Panel:
    """Seconds without samples, in the time range."""
    panel = _rare(frame, "dtdurations", f"sum(increase({of('netledger_gap_seconds_total')}[$__range]))")
    # The unit's second word: "1 minute, 56 seconds"
    return panel.decimals(1)


def resets(frame: Frame) -> Panel:
    """Counters of the kernel that began anew."""
    return _rare(frame, "none", f"sum({kept('netledger_counter_resets_total')})")


def discarded(frame: Frame) -> Panel:
    """Discarded bytes."""
    return _rare(frame, "decbytes", f"sum({kept('netledger_discarded_bytes_total')})")


def failures(frame: Frame) -> Panel:
    """Postings that the ledger did not take at once."""
    return _rare(frame, "none", f"sum({kept('netledger_ledger_commit_failures_total')})")


def _rare(frame: Frame, unit: str, expression: str) -> Panel:
    # Series by cause are there from the first case on: until then there is nothing to sum.
    counted = now(f"{expression} or vector(0)", frame.title)
    return number(frame, unit, counted).decimals(0).mappings([NONE]).thresholds(steps(GOOD, (1, SOON)))
