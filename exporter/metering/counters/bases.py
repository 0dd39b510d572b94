"""After a restore: at which lifetime the counters of /metrics begin again.

A backup that takes the ledger's place may lack what was counted after it. Where the kernel's counter goes on from the
backup's checkpoint, what it lacks is booked again at the first look, and the lifetime is what it was. Where it does
not, the lifetime is lower than what Prometheus has seen, and a counter that falls a little is taken for one that began
at 0: all of it would be added again. So that one does begin at 0.
"""

from __future__ import annotations

from operator import add, sub
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.readings import Counts, Epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.counters.tracked import Life
    from exporter.metering.postings import Account, OpeningBalance
    from exporter.metering.readings import Subject


class LastShown(NamedTuple):
    """What /metrics showed last of an interface, and the kernel's counter at that look."""

    counter: Counts
    epoch: Epoch | None
    counts: Counts


def last_shown(lives: Iterable[Life]) -> dict[Subject, LastShown]:
    """What a service that ends has shown, for the one that follows in the same process."""
    return {life.subject: LastShown(life.counter, life.epoch, life.counts) for life in lives}


class CounterBases:
    """Of one sampler: settled once, by its first look at a ledger that is a copy."""

    def __init__(self, opening: OpeningBalance, shown: Mapping[Subject, LastShown]) -> None:
        """`shown` is what the service before in this process has shown a moment ago: its counters go on from there."""
        self._accounts = opening.accounts if opening.is_copy else None
        self._shown = shown
        self._begun: dict[Subject, Counts] | None = None

    def settle(self, lives: Mapping[Subject, Life]) -> None:
        """Set the bases of all counters that do not go on."""
        if self._accounts is None:
            return
        self._begun = {}
        for subject, life in lives.items():
            if not _goes_on(life, self._accounts.get(subject)):
                self._begun[subject] = life.counter_base = self._base_of(life)
        self._accounts = None

    def take(self) -> dict[Subject, Counts] | None:
        """The bases that are news to the ledger; None where there are none."""
        begun, self._begun = self._begun, None
        return begun

    def _base_of(self, life: Life) -> Counts:
        last = self._shown.get(life.subject)
        if last is None:
            return life.lifetime
        return Counts(*map(sub, life.lifetime, map(add, last.counter, _moved_since(last, life))))


def _goes_on(life: Life, account: Account | None) -> bool:
    held = account.checkpoint if account else None
    return held is not None and life.is_present and life.epoch == held.epoch and _has_grown(life.counts, held.counts)


def _moved_since(last: LastShown, life: Life) -> Counts:
    if life.epoch != last.epoch or not _has_grown(life.counts, last.counts):
        return Counts()
    return Counts(*map(sub, life.counts, last.counts))


def _has_grown(now: Counts, then: Counts) -> bool:
    return all(a >= b for a, b in zip(now, then, strict=True))
