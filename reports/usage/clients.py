"""Different clients of services, and the busiest ones, over local days."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.clients import clients_within

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from reports.ledger.reader import LedgerReader


class BusyClient(NamedTuple):
    """A client as privacy keeps it, and how many requests it sent at least."""

    client: str
    requests: int


class ClientFigures(NamedTuple):
    """How many different clients, and those with the most requests.

    None are known where nothing was asked, or privacy is "none". Exact up to 256, within 3 % beyond. With privacy
    "hash" a client counts anew every day; with "network" those of one network are one. The busiest are without days
    that the request log no longer keeps.
    """

    unique: int | None
    busiest: list[BusyClient]


def client_figures(
    ledger: LedgerReader, services: Collection[str], first: date, last: date, limit: int = 5
) -> ClientFigures:
    """The clients of these services together (without any: of all) on the days from `first` to `last`."""
    found = clients_within(ledger, services, first, last)
    if found is None:
        return ClientFigures(None, [])
    ranked = nsmallest(limit, found.requests.requests.items(), key=lambda item: (-item[1], item[0]))
    return ClientFigures(found.distinct.estimate(), [BusyClient(*pair) for pair in ranked])
