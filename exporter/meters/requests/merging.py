"""Times and clients that are not in the sketches of the ledger yet: in memory, and as bytes in the ledger.

To merge them into the ledger's sketches at every posting would take most of its time; they are merged every few
seconds. Until then each posting has what it brought as bytes, from which a crash loses nothing.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from exporter.meters.requests.tally import TimesKey
from reports.ledger.shape import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.meters.requests.clients import DailyClients
    from exporter.meters.requests.tally import Tally

log = logging.getLogger(__name__)

Times = defaultdict[TimesKey, Counter[int]]


class Brought(msgspec.Struct, array_like=True):
    """What one posting brought, of a slot, service, method and route: counts of times by bucket; requests by client.

    Times that came one by one are a list of their buckets.
    """

    times: list[tuple[int, str, str, str, dict[int, int] | list[int]]] = []
    clients: list[tuple[int, str, dict[str, int]]] = []


class Merging:
    """Collects what tallies bring until it is merged."""

    def __init__(self, clients: DailyClients) -> None:
        """Begin empty."""
        self.clients = clients
        self._times: Times = defaultdict(Counter)
        self._brought: list[Tally] = []

    def add(self, tally: Tally) -> None:
        """Collect what a tally brings."""
        if tally.times or tally.buckets or tally.clients:
            self._brought.append(tally)
            for key, times in chain(tally.times.items(), tally.buckets.items()):
                self._times[key].update(times)
            for (slot, service), requests in tally.clients.items():
                self.clients.add(slot, service, requests)

    def load(self, held: bytes) -> None:
        """Collect what a posting had brought, and what has not been merged since; damaged bytes are left out."""
        try:
            brought = msgspec.msgpack.decode(held, type=Brought)
        except msgspec.MsgspecError as error:
            log.error("times and clients of the last seconds are lost: %s", error)  # noqa: TRY400 - no traceback
            return
        for slot, service, method, route, times in brought.times:
            self._times[slot, service, method, route].update(times)
        for slot, service, requests in brought.clients:
            self.clients.add(slot, service, requests)

    def take_brought(self) -> bytes:
        """What was brought since the last call, for the posting; b"" for nothing."""
        brought, self._brought = self._brought, []
        counts = [(*key, times) for tally in brought for key, times in tally.times.items() if times]
        buckets = [(*key, times) for tally in brought for key, times in tally.buckets.items() if times]
        clients = [(*key, dict(requests)) for tally in brought for key, requests in tally.clients.items()]
        if not (counts or buckets or clients):
            return b""
        return msgspec.msgpack.encode(Brought([*counts, *buckets], clients))

    def take(self) -> Iterator[tuple[int, tuple[str, str, str, str], dict[int, int]]]:
        """Slot, subject and counts by bucket of all that was collected: of every route, and of every service."""
        times, self._times, self._brought = self._times, defaultdict(Counter), []
        services: Times = defaultdict(Counter)
        for (slot, service, method, route), counts in times.items():
            yield slot, (service, method, route, ALL), counts
            services[slot, service, ALL, ALL].update(counts)
        for (slot, service, _, _), counts in services.items():
            yield slot, (service, ALL, ALL, ALL), counts

    def __bool__(self) -> bool:
        return bool(self._times) or bool(self.clients)
