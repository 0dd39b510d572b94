"""JSON: the answers' shapes, with field names that PacketBuddy's clients know; one truth for REST and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from reports.calendar.periods import iso
from reports.text.amounts import compatible_bytes, compatible_rate

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import Bytes, Interface
    from reports.usage import usage as usages


ByteCount = Annotated[int, msgspec.Meta(ge=0)]
DateText = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"}, examples=["2026-08-05"])]
MonthText = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[0-9]{4}-[0-9]{2}$"}, examples=["2026-08"])]
Timestamp = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"format": "date-time"}, examples=["2026-08-05T18:30:00+05:30"]),
]
"""ISO 8601 with offset."""


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A JSON object; fields that are not set are left out."""


class HumanReadable(Answer):
    """Amounts as people read them, in units of 1000."""

    sent: str
    received: str
    total: str
    peak_speed: str | msgspec.UnsetType = msgspec.UNSET


class Usage(Answer):
    """Bytes; `estimated_bytes` of them were counted across a stretch in which nobody looked."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    human_readable: HumanReadable
    estimated_bytes: ByteCount = 0


class Today(Answer, kw_only=True):
    """Since local midnight; `peak_speed` in bytes per second, left out before there is one.

    `counting_since` is there where counting began today.
    """

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount | msgspec.UnsetType = msgspec.UNSET
    human_readable: HumanReadable
    date: DateText
    estimated_bytes: ByteCount = 0
    counting_since: Timestamp | msgspec.UnsetType = msgspec.UNSET


class PeriodAmounts(Answer):
    """Bytes of a period; null where none of it was counted."""

    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None
    human_readable: HumanReadable | None
    estimated_bytes: ByteCount = 0


class Day(Answer):
    """One local day; null before counting began, `partial` where it began within it."""

    date: DateText
    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None
    partial: bool = False


class Month(Answer):
    """One calendar month, day by day; `counting_since` is null before the first interface is seen."""

    month: MonthText
    days: list[Day]
    summary: PeriodAmounts
    counting_since: Timestamp | None


class Range(Answer, rename={"first": "from", "last": "to"}):
    """Local days from `from` to `to`, both included; days that are yet to come are not listed.

    `counting_since` is null before the first interface is seen.
    """

    first: DateText
    last: DateText
    days: list[Day]
    summary: PeriodAmounts
    counting_since: Timestamp | None


class MonthOfYear(Answer):
    """One month of a year; null before counting began, `partial` where it began within it."""

    month: MonthText
    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None
    partial: bool = False


class Year(Answer):
    """One calendar year, month by month; `counting_since` is null before the first interface is seen."""

    year: str
    months: list[MonthOfYear]
    summary: PeriodAmounts
    counting_since: Timestamp | None


class InterfaceUsage(Answer):
    """One interface of the ledger; `today` and `lifetime` count what waits to be posted too."""

    interface: str
    counted: bool
    uplink: bool
    first_seen: Timestamp
    last_seen: Timestamp
    lifetime: Usage
    today: Usage
    up: bool | msgspec.UnsetType = msgspec.UNSET
    kind: str | msgspec.UnsetType = msgspec.UNSET
    speed_bytes_per_second: int | msgspec.UnsetType = msgspec.UNSET
    live: Usage | msgspec.UnsetType = msgspec.UNSET


class Interfaces(Answer):
    """Every interface that was ever metered, counted ones first."""

    interfaces: list[InterfaceUsage]


def human(used: Bytes) -> HumanReadable:
    """Write amounts in words."""
    return HumanReadable(
        sent=compatible_bytes(used.sent), received=compatible_bytes(used.received), total=compatible_bytes(used.total)
    )


def usage(used: Bytes) -> Usage:
    """Shape an amount."""
    return Usage(
        bytes_sent=used.sent,
        bytes_received=used.received,
        total_bytes=used.total,
        human_readable=human(used),
        estimated_bytes=used.estimated,
    )


def today(used: usages.PeriodUsage, zone: ZoneInfo) -> Today:
    """Shape one day."""
    words = human(used.total)
    peak = used.total.peak_speed
    if peak:
        words.peak_speed = compatible_rate(peak)
    return Today(
        bytes_sent=used.total.sent,
        bytes_received=used.total.received,
        total_bytes=used.total.total,
        peak_speed=peak or msgspec.UNSET,
        human_readable=words,
        date=used.period.name,
        estimated_bytes=used.total.estimated,
        counting_since=(since if (since := _since(used, zone)) and used.begins_late else msgspec.UNSET),
    )


def month(used: usages.PeriodUsage, zone: ZoneInfo) -> Month:
    """Shape a month."""
    return Month(
        month=used.period.name, days=_days(used.days), summary=_summary(used), counting_since=_since(used, zone)
    )


def days(used: usages.PeriodUsage, zone: ZoneInfo) -> Range:
    """Shape a range of days."""
    period = used.period
    return Range(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        days=_days(used.days),
        summary=_summary(used),
        counting_since=_since(used, zone),
    )


def year(used: usages.PeriodUsage, zone: ZoneInfo) -> Year:
    """Shape a year."""
    return Year(
        year=used.period.name,
        months=[_month_of_year(row) for row in used.by_month()],
        summary=_summary(used),
        counting_since=_since(used, zone),
    )


def interface(held: Interface, used_today: Bytes, zone: ZoneInfo) -> InterfaceUsage:
    """Shape one interface; what only a running service knows is added by it."""
    return InterfaceUsage(
        interface=held.device,
        counted=held.is_counted,
        uplink=held.is_uplink,
        first_seen=iso(held.first_seen, zone),
        last_seen=iso(held.last_seen, zone),
        lifetime=usage(held.bytes),
        today=usage(used_today),
    )


def _since(used: usages.PeriodUsage, zone: ZoneInfo) -> str | None:
    return None if used.began is None else iso(used.began, zone)


def _summary(used: usages.PeriodUsage) -> PeriodAmounts:
    if used.is_counted:
        return PeriodAmounts(**msgspec.structs.asdict(usage(used.total)))
    return PeriodAmounts(bytes_sent=None, bytes_received=None, total_bytes=None, human_readable=None)


def _days(rows: list[usages.DayUsage]) -> list[Day]:
    return [Day(date=day.isoformat(), **_amounts(used), partial=is_partial) for day, used, is_partial in rows]


def _month_of_year(row: usages.MonthUsage) -> MonthOfYear:
    (year_number, month_number), used, is_partial = row
    return MonthOfYear(month=f"{year_number:04}-{month_number:02}", **_amounts(used), partial=is_partial)


def _amounts(used: Bytes | None) -> dict[str, int | None]:
    if used is None:
        return {"bytes_sent": None, "bytes_received": None, "total_bytes": None}
    return {"bytes_sent": used.sent, "bytes_received": used.received, "total_bytes": used.total}
