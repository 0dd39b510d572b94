"""Bytes meet requests: what the application of a service moved on the same days, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.reader import NO_BYTES, Bytes
from reports.usage.applications import applications

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from reports.calendar.period import Period
    from reports.ledger.reader import LedgerReader

MILLION = 1_000_000


class BytesOfService(NamedTuple):
    """Bytes of a service's application on local days: in all, and by scope; none where it was not measured."""

    application: str
    bytes: Bytes
    scopes: Mapping[str, Bytes]


def bytes_of_service(ledger: LedgerReader, application: str, period: Period, now: float) -> BytesOfService:
    """The bytes of an application over the days of a period."""
    found = applications(ledger, period, now)
    row = next((each for each in found.applications if each.name == application), None)
    if row is None:
        return BytesOfService(application, NO_BYTES, {})
    return BytesOfService(application, row.bytes, row.scopes)


def cost_per_million(cost: Decimal, requests: int) -> Decimal | None:
    """The cost of a million requests; None without a request."""
    return cost * MILLION / requests if requests else None
