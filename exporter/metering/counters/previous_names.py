"""Which subject had a counter before, under another name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.counters.plausibility import Fall
    from exporter.metering.counters.readings import Counts, Epoch
    from exporter.metering.counters.tracked import TrackedCounter
    from exporter.metering.subjects import Subject


class PreviousName(NamedTuple):
    """A counter, its last counts, and the fall that waits for a second scan."""

    counter: TrackedCounter
    counts: Counts
    fall: Fall | None


class PreviousNames:
    """The counters before a scan; several may be renamed at once, in a chain or a ring."""

    def __init__(self, counters: Mapping[Subject, TrackedCounter]) -> None:
        """Nothing is noted before the first question: few scans have one."""
        self._counters = counters
        self._by_epoch: dict[Epoch, PreviousName] | None = None

    def of(self, epoch: Epoch) -> PreviousName | None:
        """The counter that had this epoch; valid before any counter of this scan is changed."""
        if self._by_epoch is None:
            counters = self._counters.values()
            self._by_epoch = {
                counter.epoch: PreviousName(counter, counter.counts, counter.fall)
                for counter in counters
                if counter.epoch
            }
        return self._by_epoch.get(epoch)
