"""The page's records: a search of years takes most of the time of a page, and one is for every visitor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.ledger.reader import Bytes
    from reports.usage.records import Records

MOST_SECONDS = 60.0
TIMES_ITS_LENGTH = 100
"""A search is remembered for so many times its own length, a minute at most: of a young ledger it takes no time."""


class RememberedRecords:
    """The records of the last search, until they are too old, or other history is imported."""

    def __init__(self) -> None:
        """Begin without any."""
        self._found: Records | None = None
        self._until = self._since = 0.0
        self._imported: Mapping[str, Bytes] = {}

    def get(self, search: Callable[[], Records], now: float, imported: Mapping[str, Bytes]) -> Records:
        """The records that are remembered, or new ones; `now` in UTC seconds, imported bytes by interface."""
        if self._found is None or self._imported != imported or not self._since <= now < self._until:
            self._imported = imported
            began = time.perf_counter()
            self._found, self._since = search(), now
            self._until = now + min(TIMES_ITS_LENGTH * (time.perf_counter() - began), MOST_SECONDS)
        return self._found


RECORDS = web.AppKey("records", RememberedRecords)
