"""JSON shapes of applications that the API and the exports share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reports.calendar.days import iso
from reports.formats.shapes import Answer, ByteCount, HumanReadable, Timestamp, Usage, human, usage_of
from reports.text.amounts import compatible_bytes, signed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import Bytes
    from reports.usage.applications import Applications, ApplicationUsage


class PartBytes(Answer):
    """Bytes of one scope or of one protocol."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount


class Difference(Answer):
    """Bytes that may be negative."""

    bytes_sent: int
    bytes_received: int
    total_bytes: int
    human_readable: HumanReadable


class ApplicationRow(Answer, kw_only=True):
    """One application: a program, a service, a container or a pod, or "(unknown)", "(kernel)" and their like.

    Its bytes are those of the requested scopes or, without any, of all but loopback, which only `scopes` lists. `share`
    is its part of all applications' bytes, 0 to 1. The programs `imported_from` have counted `imported_bytes`, as
    estimates.
    """

    application: str
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    human_readable: HumanReadable
    estimated_bytes: ByteCount = 0
    imported_bytes: ByteCount = 0
    imported_from: list[str] | msgspec.UnsetType = msgspec.UNSET
    share: float
    scopes: dict[str, PartBytes]
    protocols: dict[str, PartBytes]


class ApplicationTotals(Answer):
    """Sums of applications.

    `summary` and `scopes` are of the requested scopes; without any, the summary is of all but loopback. `tunnel` are
    those of their bytes that a tunnel's own packets carry again: the bytes of all applications are `summary` and
    `tunnel` together. Of all scopes but loopback, `interfaces` (the counted ones) is `attributed` and `unattributed`
    together, without what was imported. `counting_since` is when the application meter began.
    """

    summary: Usage
    tunnel: Usage
    scopes: dict[str, PartBytes]
    interfaces: Usage
    attributed: Usage
    unattributed: Difference
    counting_since: Timestamp | None


def rows_of(found: Applications) -> list[ApplicationRow]:
    """Shape the applications, each with its share of all."""
    whole = found.whole.total
    return [
        ApplicationRow(
            application=row.name, **amounts_of(row), share=round(row.bytes.total / whole, 6) if whole else 0.0
        )
        for row in found.applications
    ]


def totals_of(found: Applications, zone: ZoneInfo) -> dict[str, Any]:
    """The fields of ApplicationTotals."""
    account = found.account
    return {
        "summary": usage_of(found.total, found.imported),
        "tunnel": usage_of(found.tunnel),
        "scopes": _parts(found.scopes),
        "interfaces": usage_of(account.interfaces),
        "attributed": usage_of(account.attributed),
        "unattributed": _difference(account.unattributed),
        "counting_since": None if found.began is None else iso(found.began, zone),
    }


def amounts_of(row: ApplicationUsage) -> dict[str, Any]:
    """The fields of an application, alone or as one of several."""
    return {
        "bytes_sent": row.bytes.sent,
        "bytes_received": row.bytes.received,
        "total_bytes": row.bytes.total,
        "human_readable": human(row.bytes),
        "estimated_bytes": row.bytes.estimated,
        "imported_bytes": row.imported_bytes,
        "imported_from": list(row.imported_from) or msgspec.UNSET,
        "scopes": _parts(row.scopes),
        "protocols": _parts(row.protocols),
    }


def _parts(parts: Mapping[str, Bytes]) -> dict[str, PartBytes]:
    return {
        name: PartBytes(bytes_sent=used.sent, bytes_received=used.received, total_bytes=used.total)
        for name, used in parts.items()
    }


def _difference(used: Bytes) -> Difference:
    return Difference(
        bytes_sent=used.sent,
        bytes_received=used.received,
        total_bytes=used.total,
        human_readable=HumanReadable(
            sent=signed(compatible_bytes, used.sent),
            received=signed(compatible_bytes, used.received),
            total=signed(compatible_bytes, used.total),
        ),
    )
