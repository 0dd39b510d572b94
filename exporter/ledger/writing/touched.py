"""Since when rows of usage were changed: what a copy of the ledger need not look at again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exporter.metering.postings import Posting

NEVER = 2**62
"""Later than every row."""

ALWAYS = 0


class Touched:
    """The oldest instant (UTC seconds) that rows were changed of; noted by one thread, taken by another."""

    def __init__(self) -> None:
        """Nothing was changed."""
        self._since, self._lock = NEVER, threading.Lock()

    def note(self, instant: int) -> None:
        """Rows of this instant and after it are being changed."""
        with self._lock:
            self._since = min(self._since, instant)

    def take(self) -> int:
        """The oldest instant since the last call; NEVER where nothing was changed.

        Take it before the rows are read: what is changed meanwhile is there the next time.
        """
        with self._lock:
            since, self._since = self._since, NEVER
        return since


def oldest_of(posting: Posting) -> int:
    """The oldest slot that a posting brings usage of; a step of the clock may move any."""
    return ALWAYS if posting.changes else min((slot for slot, _ in posting.slots), default=NEVER)
