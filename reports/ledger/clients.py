"""Clients of services by local day: a sketch of the different ones, and the busiest with their requests.

A client is what privacy keeps of an address: all of it, its network, or a hash that changes with the day.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_number
from reports.ledger.cardinality import Distinct, readable
from reports.ledger.remembered_days import NEWEST_DAYS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

    from reports.ledger.reader import LedgerReader

MOST_BUSIEST = 200
"""Clients of a service and day with a count of their own."""

QUERY = """
SELECT day, clients, busiest FROM request_client WHERE day BETWEEN :first AND :last
AND (:services = '' OR service IN (SELECT value FROM json_each(:services))) ORDER BY day, service
"""


class ClientCounts(NamedTuple):
    """Requests by client, as Misra and Gries count: up to MOST_BUSIEST clients exactly.

    Of more, every count is at least what stands here, and at most `missing` more: no client that has more than
    `missing` requests is left out, and `missing` is at most all requests / MOST_BUSIEST
    (Misra, Gries: Finding repeated elements, 1982; merging: Agarwal et al., Mergeable summaries, 2013).
    """

    requests: Mapping[str, int] = {}
    missing: int = 0

    def plus(self, other: ClientCounts) -> ClientCounts:
        """Both together."""
        requests = dict(self.requests)
        for client, count in other.requests.items():
            requests[client] = requests.get(client, 0) + count
        return ClientCounts(requests, self.missing + other.missing).reduced()

    def reduced(self) -> ClientCounts:
        """Itself with MOST_BUSIEST clients at most."""
        if len(self.requests) <= MOST_BUSIEST:
            return self
        less = sorted(self.requests.values(), reverse=True)[MOST_BUSIEST]
        left = {client: count - less for client, count in self.requests.items() if count > less}
        return ClientCounts(left, self.missing + less)

    def text(self) -> str:
        """Itself as it stands in the ledger."""
        ranked = dict(sorted(self.requests.items(), key=lambda item: (-item[1], item[0])))
        return json.dumps({"missing": self.missing, "requests": ranked}, separators=(",", ":"))


def client_counts(text: str) -> ClientCounts:
    """What stands in the ledger; nothing where it is damaged."""
    try:
        held = json.loads(text)
        return ClientCounts(
            {str(client): int(count) for client, count in held["requests"].items()}, int(held["missing"])
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return ClientCounts()


class PeriodClients(NamedTuple):
    """Clients of a period: the different ones, and requests of the busiest."""

    distinct: Distinct
    requests: ClientCounts


class _Row(NamedTuple):
    day: int
    clients: bytes
    busiest: str


def clients_within(ledger: LedgerReader, services: Collection[str], first: date, last: date) -> PeriodClients | None:
    """The clients of services on local days, of all without services; None where none are known."""
    if not ledger.has_table("request_client"):
        return None
    bounds: dict[str, int | str] = {
        "first": day_number(first),
        "last": day_number(last),
        "services": json.dumps(list(services)) if services else "",
    }
    rows = [_Row(*row) for row in ledger.execute(QUERY, bounds)]
    if not rows:
        return None
    # Those of the newest day change all the time, and the others hardly.
    place = next(place for place, row in enumerate(rows) if row.day > rows[-1].day - NEWEST_DAYS)
    parts = [part for row in rows[:place] for part in (row.clients, row.busiest.encode())]
    return _merged(rows[place:], ledger.remembered.made_of(parts, lambda: _merged(rows[:place])))


def _merged(rows: Sequence[_Row], before: PeriodClients | None = None) -> PeriodClients:
    distinct, requests = Distinct(), ClientCounts()
    if before is not None:
        distinct.merge(before.distinct)
        requests = before.requests
    for row in rows:
        distinct.merge(readable(row.clients))
        requests = requests.plus(client_counts(row.busiest))
    return PeriodClients(distinct, requests)
