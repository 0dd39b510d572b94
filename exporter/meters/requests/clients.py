"""Clients by service and local day, until they are merged into the ledger: in memory within bounds."""

from __future__ import annotations

import os
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS, day_number, day_of
from reports.ledger.cardinality import Distinct, keyed_hash, readable
from reports.ledger.clients import MOST_BUSIEST, ClientCounts
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

CLIENTS_KEY = "clients key"
"""The note of the key of all sketches of a ledger, in hexadecimal digits."""

MOST_SERVICES = 100
"""Services of a day with clients of their own; those of others count as those of "(other)"."""

MOST_COUNTS = MOST_BUSIEST * 3 // 2
"""Counts in memory, so that they are reduced to MOST_BUSIEST for every hundredth client only."""

MOST_HASHES = 8192


class ClientRow(NamedTuple):
    """What is merged into the ledger for a service and a local day (its number)."""

    day: int
    service: str
    clients: bytes
    busiest: ClientCounts


class _Day:
    """Clients of one service and day."""

    __slots__ = ("counts", "distinct", "is_new", "missing")

    def __init__(self) -> None:
        self.distinct, self.counts, self.missing, self.is_new = Distinct(), dict[str, int](), 0, False

    def add(self, requests: Mapping[str, int], hashes: Iterable[int]) -> None:
        self.distinct.update(hashes)
        counts = self.counts
        for client, count in requests.items():
            counts[client] = counts.get(client, 0) + count
            if len(counts) > MOST_COUNTS:
                counts = self._reduce()
        self.is_new = True

    def take(self) -> ClientCounts:
        self._reduce()
        taken = ClientCounts(self.counts, self.missing)
        self.counts, self.missing, self.is_new = {}, 0, False
        return taken

    def _reduce(self) -> dict[str, int]:
        counts, self.missing = ClientCounts(self.counts, self.missing).reduced()
        self.counts = dict(counts)
        return self.counts


class DailyClients:
    """Collects clients, and estimates how many there are today."""

    def __init__(self, zone: ZoneInfo, key: str) -> None:
        """Days are cut in `zone`; `key` are hexadecimal digits."""
        self._zone, self._key = zone, bytes.fromhex(key)
        self._days: dict[tuple[int, str], _Day] = {}
        self._hashes: dict[str, int] = {}
        self._today = 0
        self.today: dict[str, int] = {}
        """Different clients of the local day by service; of more than 256 as they were when they were merged."""

    def hold(self, day: int, service: str, sketch: bytes) -> None:
        """Go on with what the ledger has of a day."""
        found = self._days[day, service] = _Day()
        found.distinct = readable(sketch)

    def turn_to(self, seconds: int) -> None:
        """It is this time (UTC seconds)."""
        today = day_number(day_of(seconds, self._zone))
        if today == self._today:
            return
        self._today = today
        self._days = {key: each for key, each in self._days.items() if each.is_new or key[0] == today}
        self.today.clear()
        self.today.update(
            {service: each.distinct.estimate() for (day, service), each in self._days.items() if day == today}
        )

    def add(self, slot: int, service: str, requests: Mapping[str, int]) -> None:
        """Add requests by client in a slot (its number: UTC seconds by 900)."""
        day = day_number(day_of(slot * SLOT_SECONDS, self._zone))
        found = self._days.get((day, service))
        if found is None:
            if sum(each == day for each, _ in self._days) >= MOST_SERVICES:
                service = OTHER
            found = self._days.setdefault((day, service), _Day())
        found.add(requests, map(self._hash, requests))
        if day == self._today and found.distinct.is_exact:
            self.today[service] = found.distinct.estimate()

    def take(self) -> list[ClientRow]:
        """What is new since the last call; of today the sketch stays."""
        rows = []
        for (day, service), each in sorted(self._days.items(), key=itemgetter(0)):
            if each.is_new:
                rows.append(ClientRow(day, service, each.distinct.encoded(), each.take()))
                if day == self._today:
                    self.today[service] = each.distinct.estimate()
        self._days = {key: each for key, each in self._days.items() if key[0] == self._today}
        return rows

    def __bool__(self) -> bool:
        return any(each.is_new for each in self._days.values())

    def _hash(self, client: str) -> int:
        found = self._hashes.get(client)
        if found is None:
            if len(self._hashes) >= MOST_HASHES:
                self._hashes.clear()
            found = self._hashes[client] = keyed_hash(client, self._key)
        return found


def new_key() -> str:
    """A key for the sketches of a new ledger."""
    return os.urandom(16).hex()
