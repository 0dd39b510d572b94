"""JSON of applications, for REST and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports.formats.application_shapes import (
    ApplicationRow,
    Difference,
    PartBytes,
    amounts_of,
    rows_of,
    totals_of,
)
from reports.formats.json import usage as usage_shapes
from reports.formats.json.usage import Day  # noqa: TC001 - msgspec resolves it
from reports.formats.shapes import Answer, ByteCount, DateText, HumanReadable, Timestamp, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reports.usage.applications import ApplicationDays, Applications

__all__ = ["ApplicationAnswer", "ApplicationRow", "ApplicationsAnswer", "Difference", "PartBytes"]


class ApplicationsAnswer(Answer, rename={"first": "from", "last": "to"}):
    """Applications over local days from `from` to `to`, both included; `total` is their number before the limit.

    `summary` and `scopes` are of the requested scopes (`scope`; without any, the summary is of all but loopback).
    `tunnel` are those of their bytes that went through a tunnel, whose own packets carry them again: the bytes of all
    rows are `summary` and `tunnel` together. Of all scopes but loopback, `interfaces` (the counted ones) is
    `attributed` and `unattributed` together; `unattributed` is negative where bytes between namespaces of this machine
    pass no counted interface, and has what was moved before the application meter began (`counting_since`, null
    before). What was imported is an estimate of the scope "(imported)", and in none of these three.
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
    imported_bytes: ByteCount = 0
    imported_from: list[str] | msgspec.UnsetType = msgspec.UNSET
    scopes: dict[str, PartBytes]
    protocols: dict[str, PartBytes]
    days: list[Day]
    counting_since: Timestamp | None


def applications(
    found: Applications, zone: ZoneInfo, scopes: Sequence[str] = (), limit: int | None = None, offset: int = 0
) -> ApplicationsAnswer:
    """Shape the applications of a request for these scopes, and with this limit."""
    period = found.period
    return ApplicationsAnswer(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        scope=list(scopes),
        applications=rows_of(found),
        total=found.row_count,
        limit=limit,
        offset=offset,
        **totals_of(found, zone),
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
        **amounts_of(row),
        days=days.days,
        counting_since=days.counting_since,
    )
