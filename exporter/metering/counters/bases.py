"""After a restore: at which lifetime the counters of /metrics begin again.

A backup that takes the ledger's place may lack what was counted after it. Where the kernel's counter goes on from the
backup's checkpoint, what it lacks is counted again at the first scan, and the lifetime is what it was. Where it does
not, the lifetime is lower than what Prometheus has scraped, and a counter that falls a little looks like one that began
at 0: all of it would be added again. So that one does begin at 0.
"""

from __future__ import annotations

from operator import add, sub
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.counters.readings import Counts, Epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.counters.checkpoints import Checkpoint
    from exporter.metering.counters.tracked import TrackedCounter
    from exporter.metering.subjects import Subject


class LastExposed(NamedTuple):
    """What /metrics exposed last of an interface, and the kernel's counter at that scan."""

    counter: Counts
    epoch: Epoch | None
    counts: Counts


def last_exposed(counters: Iterable[TrackedCounter]) -> dict[Subject, LastExposed]:
    """What a service that ends has exposed, for the one that follows in the same process."""
    return {counter.subject: LastExposed(counter.exposed, counter.epoch, counter.counts) for counter in counters}


class ExposedBases:
    """Bases of one meter's counters: settled once, by its first scan over a ledger that is a copy."""

    def __init__(
        self, held: Mapping[Subject, Checkpoint], exposed: Mapping[Subject, LastExposed], *, is_copy: bool
    ) -> None:
        """`exposed` is what /metrics showed last of the service before in this process."""
        self._held = held if is_copy else None
        self._exposed = exposed
        self._news: dict[Subject, Counts] | None = None
        self.begun: dict[Subject, Counts] = {}
        """Those that the last sample let begin again."""

    def settle(self, counters: Mapping[Subject, TrackedCounter]) -> None:
        """Set the bases of all counters that do not go on."""
        self.begun = {}
        if self._held is None:
            return
        for subject, counter in counters.items():
            if not _goes_on(counter, self._held.get(subject)):
                self.begun[subject] = counter.exposed_base = self._base_of(counter)
        self._held, self._news = None, self.begun

    def take(self) -> dict[Subject, Counts] | None:
        """The bases that are news to the ledger; None where there are none."""
        news, self._news = self._news, None
        return news

    def moved_since(self, counter: TrackedCounter) -> Counts:
        """What was moved since the service before in this process showed it last."""
        last = self._exposed.get(counter.subject)
        if last is None or counter.epoch != last.epoch or not _has_grown(counter.counts, last.counts):
            return Counts()
        return Counts(*map(sub, counter.counts, last.counts))

    def _base_of(self, counter: TrackedCounter) -> Counts:
        last = self._exposed.get(counter.subject)
        if last is None:
            return counter.lifetime
        return Counts(*map(sub, counter.lifetime, map(add, last.counter, self.moved_since(counter))))


def _goes_on(counter: TrackedCounter, held: Checkpoint | None) -> bool:
    return (
        held is not None
        and counter.is_present
        and counter.epoch == held.epoch
        and _has_grown(counter.counts, held.counts)
    )


def _has_grown(now: Counts, then: Counts) -> bool:
    return all(a >= b for a, b in zip(now, then, strict=True))
