"""How long and how often is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Bench(NamedTuple):
    """A folder for ledgers, which must be on a disk, and how thorough to be.

    `minutes` is how long a service runs before its memory is read; `rounds` how often a short measurement is
    repeated, `requests` how many requests each round has.
    """

    folder: Path
    minutes: float = 1.0
    rounds: int = 5
    requests: int = 200

    @property
    def window_seconds(self) -> float:
        """One window of idle CPU: two commits, or one where it must be quick."""
        return 20.0 if self.rounds > QUICK_ROUNDS else 10.0

    def quick(self) -> Bench:
        """As much as shows whether a change helps."""
        return self._replace(minutes=min(self.minutes, 0.25), rounds=QUICK_ROUNDS, requests=50)


QUICK_ROUNDS = 3
