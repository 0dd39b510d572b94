"""JSON of usage, with the field names of PacketBuddy, for REST and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports.calendar.days import iso
from reports.formats.shapes import (
    Answer,
    ByteCount,
    DateText,
    HumanReadable,
    MonthText,
    Timestamp,
    Usage,
    human,
    usage_of,
)
from reports.ledger.rows import NO_BYTES
from reports.text.amounts import compatible_rate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import Bytes, Interface
    from reports.usage import usage as usages


class Today(Answer, kw_only=True):
    """Since local midnight; `peak_speed` in bytes per second, left out before there is one.

    `counting_since` is set if counting began today. Other programs have counted `imported_bytes` before.
    """

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount | msgspec.UnsetType = msgspec.UNSET
    human_readable: HumanReadable
    date: DateText
    estimated_bytes: ByteCount = 0
    imported_bytes: ByteCount = 0
    counting_since: Timestamp | msgspec.UnsetType = msgspec.UNSET


class PeriodAmounts(Answer):
    """Bytes of a period; null if none of it was counted. Other programs have counted `imported_bytes` of them."""

    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None
    human_readable: HumanReadable | None
    estimated_bytes: ByteCount = 0
    imported_bytes: ByteCount = 0


class Day(Answer):
    """One local day; null before counting began, `partial` if it began within it.

    Other programs have counted `imported_bytes` of it.
    """

    date: DateText
    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None
    partial: bool = False
    imported_bytes: ByteCount = 0


class Month(Answer):
    """One calendar month, day by day; `counting_since` is null before counting began."""

    month: MonthText
    days: list[Day]
    summary: PeriodAmounts
    counting_since: Timestamp | None


class Range(Answer, rename={"first": "from", "last": "to"}):
    """Local days from `from` to `to`, both included; days that are yet to come are not listed.

    `counting_since` is null before counting began.
    """

    first: DateText
    last: DateText
    days: list[Day]
    summary: PeriodAmounts
    counting_since: Timestamp | None


class MonthOfYear(Answer):
    """One month of a year; null before counting began, `partial` if it began within it.

    Other programs have counted `imported_bytes` of it.
    """

    month: MonthText
    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None
    partial: bool = False
    imported_bytes: ByteCount = 0


class Year(Answer):
    """One calendar year, month by month; `counting_since` is null before counting began."""

    year: str
    months: list[MonthOfYear]
    summary: PeriodAmounts
    counting_since: Timestamp | None


class InterfaceUsage(Answer):
    """One interface of the ledger; `today` and `lifetime` include unposted bytes. `alias` is of the settings."""

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
    alias: str | msgspec.UnsetType = msgspec.UNSET


class Interfaces(Answer):
    """Every interface that was ever metered, counted ones first."""

    interfaces: list[InterfaceUsage]


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
        imported_bytes=used.imported.total,
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


def interface(held: Interface, used_today: Bytes, zone: ZoneInfo, aliases: Mapping[str, str]) -> InterfaceUsage:
    """Shape one interface with its alias of the settings, without the fields that only a running service knows."""
    return InterfaceUsage(
        interface=held.device,
        counted=held.is_counted,
        uplink=held.is_uplink,
        first_seen=iso(held.first_seen, zone),
        last_seen=iso(held.last_seen, zone),
        lifetime=usage_of(held.bytes, held.imported),
        today=usage_of(used_today),
        alias=aliases.get(held.device, msgspec.UNSET),
    )


def period_amounts(total: Bytes | None, imported: Bytes = NO_BYTES) -> PeriodAmounts:
    """Shape the sum of a period and its imported part; None if none of it was counted."""
    if total is None:
        return PeriodAmounts(bytes_sent=None, bytes_received=None, total_bytes=None, human_readable=None)
    return PeriodAmounts(**msgspec.structs.asdict(usage_of(total, imported)))


def _since(used: usages.PeriodUsage, zone: ZoneInfo) -> str | None:
    return None if used.began is None else iso(used.began, zone)


def _summary(used: usages.PeriodUsage) -> PeriodAmounts:
    return period_amounts(used.total if used.is_counted else None, used.imported)


def _days(rows: list[usages.DayUsage]) -> list[Day]:
    return [
        Day(date=day.isoformat(), **_amounts(used), partial=is_partial, imported_bytes=imported.total)
        for day, used, is_partial, imported in rows
    ]


def _month_of_year(row: usages.MonthUsage) -> MonthOfYear:
    (year_number, month_number), used, is_partial, imported = row
    name = f"{year_number:04}-{month_number:02}"
    return MonthOfYear(month=name, **_amounts(used), partial=is_partial, imported_bytes=imported.total)


def _amounts(used: Bytes | None) -> dict[str, int | None]:
    if used is None:
        return {"bytes_sent": None, "bytes_received": None, "total_bytes": None}
    return {"bytes_sent": used.sent, "bytes_received": used.received, "total_bytes": used.total}
