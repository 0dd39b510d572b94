"""Which life had a counter before, under another name: as all lives were before a look changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.counters.plausibility import Fall
    from exporter.metering.counters.readings import Counts, Epoch
    from exporter.metering.counters.tracked import TrackedCounter
    from exporter.metering.subjects import Subject


class PreviousName(NamedTuple):
    """A life, its last counts, and the fall that waits for a second look."""

    counter: TrackedCounter
    counts: Counts
    fall: Fall | None


class PreviousNames:
    """The lives of one look; several may be renamed at once, in a chain or a ring: none may hide another's past."""

    def __init__(self, counters: Mapping[Subject, TrackedCounter]) -> None:
        """Nothing is noted before the first question: few looks have one."""
        self._counters = counters
        self._by_epoch: dict[Epoch, PreviousName] | None = None

    def of(self, epoch: Epoch) -> PreviousName | None:
        """Who had this counter; to be asked before any life of this look is changed, or not at all."""
        if self._by_epoch is None:
            counters = self._counters.values()
            self._by_epoch = {
                counter.epoch: PreviousName(counter, counter.counts, counter.fall)
                for counter in counters
                if counter.epoch
            }
        return self._by_epoch.get(epoch)
