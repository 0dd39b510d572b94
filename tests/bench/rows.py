"""What was measured: one row a figure, its target, and whether it is met."""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

MEGABYTE = 1e6
KERNEL_MEGABYTE = 1024e3
"""A thousand of the kernel's kB, as the peers' memory was read off /proc."""
MILLISECOND = 1e-3
ENOUGH_FOR_PERCENTILES = 2


class Row(NamedTuple):
    """One figure in `unit`: what it may be at most, what it was each time, and what peers need.

    `judged` says which of the measured values the target is for. Without a value the figure was not measured, and
    `remark` says why.
    """

    figure: str
    unit: str
    target: float | None
    values: tuple[float, ...]
    peers: str = ""
    judged: Literal["median", "worst"] = "median"
    remark: str = ""

    @property
    def result(self) -> float | None:
        """The value that the target is for; None where nothing was measured."""
        if not self.values:
            return None
        return max(self.values) if self.judged == "worst" else median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is no target, or nothing was measured."""
        if self.target is None or self.result is None:
            return None
        return self.result <= self.target


def skipped(figure: str, reason: str) -> Row:
    """A row for what this machine, or this user, cannot measure."""
    return Row(figure, "", None, (), remark=reason)


def percentile(values: Sequence[float], which: int) -> float:
    """The value that `which` percent of the values do not exceed, 1 to 99."""
    if len(values) < ENOUGH_FOR_PERCENTILES:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[which - 1]
