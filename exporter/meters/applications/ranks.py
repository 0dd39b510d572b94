"""Which applications have a name of their own: the busiest ones of today and yesterday, by days of UTC."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING

from exporter.meters.applications.state import SPECIALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_CANDIDATES = 1000
"""Applications without a name of their own whose bytes are kept; the others begin again at 0."""

MOST_REPLACED = 100
"""Named applications that are replaced in an hour."""

HOUR_SECONDS, DAY_SECONDS = 3600, 86_400


class Ranks:
    """Named applications and candidates, with their bytes of two days.

    A candidate whose bytes exceed those of the smallest named one takes its place; a hundred do in an hour, so that
    programs that exceed each other again and again make a bounded number of series and rows.
    """

    def __init__(self, most: int) -> None:
        """`most` applications are named."""
        self._most = most
        self.named: set[str] = set()
        self.layout = 0
        """Changes with who is named."""
        self._today: dict[str, int] = {}
        self._yesterday: dict[str, int] = {}
        self._day = self._hour = 0
        self._replaced = 0

    def resume(self, day: int, today: Mapping[str, int], yesterday: Mapping[str, int], known: Iterable[str]) -> None:
        """Go on from what the ledger holds; `known` are names that it has, the last seen first."""
        self._day, self._today, self._yesterday = day, dict(today), dict(yesterday)
        names = dict.fromkeys([*today, *yesterday, *known])
        ranked = sorted((name for name in names if name not in SPECIALS), key=self.bytes_of, reverse=True)
        self.named = set(ranked[: self._most])
        self.layout += 1
        self._forget_smallest_candidates()

    def add(self, moved: Mapping[str, int], at: int) -> None:
        """Add bytes by application that were moved before `at` (UTC seconds), and decide who is named."""
        self._turn_to(at)
        ordinary = {name: amount for name, amount in moved.items() if name not in SPECIALS}
        for name, amount in ordinary.items():
            self._today[name] = self._today.get(name, 0) + amount
        self._admit(sorted(ordinary.keys() - self.named, key=self.bytes_of, reverse=True))
        self._forget_smallest_candidates()

    def bytes_of(self, name: str) -> int:
        """Bytes of today and yesterday."""
        return self._today.get(name, 0) + self._yesterday.get(name, 0)

    def forget(self, name: str) -> None:
        """Drop one that the ledger has folded."""
        self.named.discard(name)
        self.layout += 1

    def __len__(self) -> int:
        return len(self._today.keys() | self._yesterday.keys() | self.named)

    def _turn_to(self, at: int) -> None:
        day, hour = at // DAY_SECONDS, at // HOUR_SECONDS
        if day != self._day:
            self._yesterday = self._today if day == self._day + 1 else {}
            self._day, self._today = day, {}
        if hour != self._hour:
            self._hour, self._replaced = hour, 0

    def _admit(self, candidates: Iterable[str]) -> None:
        """Name those for which there is room, and those that exceed a named one; the largest comes first."""
        for name in candidates:
            if len(self.named) >= self._most:
                smallest = min(self.named, key=self.bytes_of)
                if self._replaced >= MOST_REPLACED or self.bytes_of(name) <= self.bytes_of(smallest):
                    return
                self.named.remove(smallest)
                self._replaced += 1
            self.named.add(name)
            self.layout += 1

    def _forget_smallest_candidates(self) -> None:
        candidates = (self._today.keys() | self._yesterday.keys()) - self.named
        if len(candidates) <= 2 * MOST_CANDIDATES:  # half of them go at once: it is rarely done
            return
        kept = {*nlargest(MOST_CANDIDATES, candidates, key=self.bytes_of), *self.named}
        self._today = {name: moved for name, moved in self._today.items() if name in kept}
        self._yesterday = {name: moved for name, moved in self._yesterday.items() if name in kept}


class Busiest:
    """The applications that get minute rows: the ten with most bytes in the running quarter hour."""

    MOST = 10

    def __init__(self) -> None:
        """Begin without any."""
        self._moved: dict[str, int] = {}
        self._slot = 0

    def add(self, moved: Mapping[str, int], at: int) -> frozenset[str]:
        """Add bytes by application that were moved before `at` (UTC seconds); returns the busiest."""
        slot = at // 900
        if slot != self._slot:
            self._slot, self._moved = slot, {}
        for name, amount in moved.items():
            self._moved[name] = self._moved.get(name, 0) + amount
        return frozenset(nlargest(self.MOST, self._moved, key=self._moved.__getitem__))
