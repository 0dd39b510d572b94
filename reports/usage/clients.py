"""Different clients of services, and the busiest ones, over local days."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.cardinality import merged_distinct
from reports.ledger.clients import ClientCounts, client_counts, client_days

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from reports.ledger.reader import LedgerReader


class BusyClient(NamedTuple):
    """A client as privacy keeps it, and how many requests it sent at least."""

    client: str
    requests: int


def unique_clients(ledger: LedgerReader, services: Collection[str], first: date, last: date) -> int | None:
    """Different clients of these services together (without any: of all) on the days from `first` to `last`.

    None where the ledger knows of no client: nothing was asked, or their privacy is "none". Exact up to 256, within
    3 % beyond. With privacy "hash" a client counts anew every day; with "network" those of one network are one.
    """
    sketches = [day.clients for day in client_days(ledger, services, first, last)]
    return merged_distinct(sketches).estimate() if sketches else None


def busiest_clients(
    ledger: LedgerReader, services: Collection[str], first: date, last: date, limit: int = 5
) -> list[BusyClient]:
    """The clients with the most requests, as `unique_clients`; without days that the request log no longer keeps."""
    found = ClientCounts()
    for day in client_days(ledger, services, first, last):
        found = found.plus(client_counts(day.busiest))
    ranked = sorted(found.requests.items(), key=lambda item: (-item[1], item[0]))
    return [BusyClient(*pair) for pair in ranked[:limit]]
