"""JSON of applications, for REST and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.calendar.days import iso
from reports.formats.json import usage as usage_shapes
from reports.formats.json.usage import Day  # noqa: TC001 - msgspec resolves it
from reports.formats.shapes import Answer, ByteCount, DateText, HumanReadable, Timestamp, Usage, human, usage_of
from reports.text.amounts import compatible_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import Bytes
    from reports.usage.applications import ApplicationDays, Applications, ApplicationUsage


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
    is its part of all applications' bytes, 0 to 1.
    """

    application: str
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    human_readable: HumanReadable
    estimated_bytes: ByteCount = 0
    share: float
    scopes: dict[str, PartBytes]
    protocols: dict[str, PartBytes]


class ApplicationsAnswer(Answer, rename={"first": "from", "last": "to"}):
    """Applications over local days from `from` to `to`, both included; `total` is their number before the limit.

    `summary` and `scopes` are of the requested scopes (`scope`; without any, the summary is of all but loopback).
    `tunnel` are those of their bytes that went through a tunnel, whose own packets carry them again: the bytes of all
    rows are `summary` and `tunnel` together. Of all scopes but loopback, `interfaces` (the counted ones) is
    `attributed` and `unattributed` together; `unattributed` is negative where bytes between namespaces of this machine
    pass no counted interface, and has what was moved before the application meter began (`counting_since`, null
    before).
    """

    first: DateText
    last: DateText
    scope: list[str]
    applications: list[ApplicationRow]
    total: int
    limit: int | None
    offset: int
    summary: Usage
    tunnel: Usage
    scopes: dict[str, PartBytes]
    interfaces: Usage
    attributed: Usage
    unattributed: Difference
    counting_since: Timestamp | None


class ApplicationAnswer(Answer, kw_only=True, rename={"first": "from", "last": "to"}):
    """One application over local days from `from` to `to`, both included; days that are yet to come are not listed.

    `counting_since` is when the application meter began, null before.
    """

    application: str
    first: DateText
    last: DateText
    scope: list[str]
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    human_readable: HumanReadable
    estimated_bytes: ByteCount = 0
    scopes: dict[str, PartBytes]
    protocols: dict[str, PartBytes]
    days: list[Day]
    counting_since: Timestamp | None


def applications(
    found: Applications, zone: ZoneInfo, scopes: Sequence[str] = (), limit: int | None = None, offset: int = 0
) -> ApplicationsAnswer:
    """Shape the applications of a request for these scopes, and with this limit."""
    account, period = found.account, found.period
    return ApplicationsAnswer(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        scope=list(scopes),
        applications=[row_of(row, found.whole.total) for row in found.applications],
        total=found.row_count,
        limit=limit,
        offset=offset,
        summary=usage_of(found.total),
        tunnel=usage_of(found.tunnel),
        scopes=_parts(found.scopes),
        interfaces=usage_of(account.interfaces),
        attributed=usage_of(account.attributed),
        unattributed=difference(account.unattributed),
        counting_since=None if found.began is None else iso(found.began, zone),
    )


def application(found: ApplicationDays, zone: ZoneInfo, scopes: Sequence[str] = ()) -> ApplicationAnswer:
    """Shape one application of a request for these scopes."""
    days = usage_shapes.days(found.usage, zone)
    row = found.application
    return ApplicationAnswer(
        application=row.name,
        first=days.first,
        last=days.last,
        scope=list(scopes),
        **_amounts(row),
        days=days.days,
        counting_since=days.counting_since,
    )


def row_of(row: ApplicationUsage, whole: int) -> ApplicationRow:
    """Shape one application of several, which moved `whole` bytes together."""
    return ApplicationRow(
        application=row.name, **_amounts(row), share=round(row.bytes.total / whole, 6) if whole else 0.0
    )


def difference(used: Bytes) -> Difference:
    """Shape bytes that may be negative."""
    return Difference(
        bytes_sent=used.sent,
        bytes_received=used.received,
        total_bytes=used.total,
        human_readable=HumanReadable(
            sent=signed_bytes(used.sent), received=signed_bytes(used.received), total=signed_bytes(used.total)
        ),
    )


def signed_bytes(amount: int) -> str:
    """Bytes that may be negative, as "-1.50 KB"."""
    return f"{'-' if amount < 0 else ''}{compatible_bytes(abs(amount))}"


def _amounts(row: ApplicationUsage) -> dict[str, Any]:
    """The fields that both answers have."""
    return {
        "bytes_sent": row.bytes.sent,
        "bytes_received": row.bytes.received,
        "total_bytes": row.bytes.total,
        "human_readable": human(row.bytes),
        "estimated_bytes": row.bytes.estimated,
        "scopes": _parts(row.scopes),
        "protocols": _parts(row.protocols),
    }


def _parts(parts: Mapping[str, Bytes]) -> dict[str, PartBytes]:
    return {
        name: PartBytes(bytes_sent=used.sent, bytes_received=used.received, total_bytes=used.total)
        for name, used in parts.items()
    }
