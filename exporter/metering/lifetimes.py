"""Sums of each subject since the ledger began, and what /metrics exposes of them, where nobody else keeps them.

What a crash would lose is not exposed: the kernel forgets an application's bytes with the process that reads them, and
a counter that falls a little looks to Prometheus like one that began at 0. So the counters show what the ledger holds.
"""

from __future__ import annotations

from operator import add, sub
from typing import TYPE_CHECKING

from exporter.metering.subjects import Subject
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.postings import OpeningBalance
    from reports.ledger.shape import MeterSpec

    Sums = tuple[int, ...]


class Lifetimes:
    """Lifetimes by subject, from sample to checkpoint to posting."""

    def __init__(self, spec: MeterSpec, opening: OpeningBalance, bases: Mapping[Subject, Sums]) -> None:
        """After a restore, which may lack what was counted after the backup, all counters begin at 0 again."""
        self._zeros = (0,) * len(spec.sums)
        self._most, self._other = spec.most_subjects, Subject(spec.name, (OTHER,) * len(spec.dimensions))
        self._counted: dict[Subject, Sums] = {subject: held.lifetime for subject, held in opening.accounts.items()}
        self._posted = dict(self._counted)
        self.first_seen = {subject: held.facts.first_seen for subject, held in opening.accounts.items()}
        self._bases = dict(self._counted) if opening.is_copy else dict(bases)
        self._new_bases = dict(self._bases) if opening.is_copy else {}
        self.layout = 0
        """Changes with what is exposed."""
        self._changed: set[Subject] = set()
        self._taken: dict[Subject, Sums] = {}
        self._unexposed = set(self._counted)

    def add(self, subject: Subject, amounts: Sums, at: int) -> None:
        """Add to a subject, or to OTHER beyond the most of a meter, what was moved before `at` (UTC seconds)."""
        if self._most and subject not in self._counted:
            subject = self._bounded(subject)
        if subject not in self._counted:
            self.layout += 1
            self._unexposed.add(subject)
        self._counted[subject] = tuple(map(add, self._counted.get(subject, self._zeros), amounts))
        self.first_seen.setdefault(subject, at)
        self._changed.add(subject)

    def take(self) -> tuple[Iterable[Subject], Mapping[Subject, Sums]]:
        """Subjects that changed since the last call, and bases that are new: they go into the next posting."""
        self.note_posted()
        changed, self._changed = self._changed, set()
        self._taken = {subject: self._counted[subject] for subject in changed if subject in self._counted}
        bases, self._new_bases = self._new_bases, {}
        return changed, bases

    def note_posted(self) -> None:
        """What was taken last is in the ledger."""
        self.layout += bool(self._taken)
        self._posted.update(self._taken)
        self._unexposed.update(self._taken)
        self._taken = {}

    def exposed(self) -> Iterable[tuple[Subject, Sums]]:
        """What the counters of /metrics show; a new one is 0 until its first bytes are in the ledger."""
        return ((subject, self._exposed(subject)) for subject in self._counted)

    def take_exposed(self) -> Iterable[tuple[Subject, Sums]]:
        """Those whose counters have changed since the last call; all of them at first."""
        unexposed, self._unexposed = self._unexposed, set()
        return ((subject, self._exposed(subject)) for subject in unexposed)

    def _bounded(self, subject: Subject) -> Subject:
        """As in the ledger: a subject that is new has a row, and counters, where there are fewer than the most."""
        return subject if len(self._counted) - (self._other in self._counted) < self._most else self._other

    def _exposed(self, subject: Subject) -> Sums:
        posted, base = self._posted.get(subject, self._zeros), self._bases.get(subject)
        return posted if base is None else tuple(map(sub, posted, base))

    def forget(self, subject: Subject) -> None:
        """Drop one that the ledger has folded."""
        for held in (self._counted, self._posted, self.first_seen, self._bases, self._taken, self._new_bases):
            held.pop(subject, None)
        self._changed.discard(subject)
        self._unexposed.discard(subject)
        self.layout += 1
