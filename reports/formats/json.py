"""JSON: the answers' shapes, with field names that PacketBuddy's clients know; one truth for REST and command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from reports.amounts import human_binary, human_bytes, human_rate, mbps
from reports.periods import iso

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.bandwidth import Bandwidth
    from reports.ledger_reader import Bytes, Interface
    from reports.usage import DayUsage, MonthUsage, PeriodUsage


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
    """Since local midnight; `peak_speed` in bytes per second, left out before there is one."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount | msgspec.UnsetType = msgspec.UNSET
    human_readable: HumanReadable
    date: DateText
    estimated_bytes: ByteCount = 0


class Day(Answer):
    """One local day."""

    date: DateText
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount


class Month(Answer):
    """One calendar month, day by day."""

    month: MonthText
    days: list[Day]
    summary: Usage


class Range(Answer, rename={"first": "from", "last": "to"}):
    """Local days from `from` to `to`, both included; days that are yet to come are not listed."""

    first: DateText
    last: DateText
    days: list[Day]
    summary: Usage


class MonthOfYear(Answer):
    """One month of a year."""

    month: MonthText
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount


class Year(Answer):
    """One calendar year, month by month."""

    year: str
    months: list[MonthOfYear]
    summary: Usage


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


class Megabits(Answer):
    """Megabits (10^6) per second."""

    sent: float
    received: float
    total: float


class AverageBandwidth(Answer):
    """The average speed of the window: bytes over the time in which somebody looked."""

    network_interface: str
    average_speed_mbps: Megabits
    period_seconds: int
    current_sample_count: int
    max_samples_for_avg: int


class Amounts(Answer):
    """Bytes as that API writes them: divided by 1024, and called KB, MB, GB."""

    sent: str
    received: str
    total: str


class RawBytes(Answer):
    """Bytes."""

    sent: int
    received: int
    total: int


class MonthlyTraffic(Answer):
    """One calendar month's traffic."""

    month: MonthText
    data_usage: Amounts
    raw_bytes: RawBytes


def human(used: Bytes) -> HumanReadable:
    """Write amounts in words."""
    return HumanReadable(
        sent=human_bytes(used.sent), received=human_bytes(used.received), total=human_bytes(used.total)
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


def today(used: PeriodUsage) -> Today:
    """Shape one day."""
    words = human(used.total)
    peak = used.total.peak_speed
    if peak:
        words.peak_speed = human_rate(peak)
    return Today(
        bytes_sent=used.total.sent,
        bytes_received=used.total.received,
        total_bytes=used.total.total,
        peak_speed=peak or msgspec.UNSET,
        human_readable=words,
        date=used.period.name,
        estimated_bytes=used.total.estimated,
    )


def month(used: PeriodUsage) -> Month:
    """Shape a month."""
    return Month(month=used.period.name, days=_days(used.days), summary=usage(used.total))


def days(used: PeriodUsage) -> Range:
    """Shape a range of days."""
    period = used.period
    return Range(
        first=period.first.isoformat(),
        last=period.last.isoformat(),
        days=_days(used.days),
        summary=usage(used.total),
    )


def year(used: PeriodUsage) -> Year:
    """Shape a year."""
    return Year(
        year=used.period.name,
        months=[_month_of_year(row) for row in used.by_month()],
        summary=usage(used.total),
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


def bandwidth(found: Bandwidth, network_interface: str, sample_interval: float) -> AverageBandwidth:
    """Shape an average; samples are those that fit into the time that was watched."""
    used, seconds = found.bytes, found.seconds
    return AverageBandwidth(
        network_interface=network_interface,
        average_speed_mbps=Megabits(
            sent=mbps(used.sent, seconds),
            received=mbps(used.received, seconds),
            total=mbps(used.total, seconds),
        ),
        period_seconds=found.window_seconds,
        current_sample_count=int(min(seconds, found.window_seconds) / sample_interval),
        max_samples_for_avg=int(found.window_seconds / sample_interval),
    )


def monthly_traffic(used: PeriodUsage) -> MonthlyTraffic:
    """Shape a month as that API writes it."""
    total = used.total
    return MonthlyTraffic(
        month=used.period.name,
        data_usage=Amounts(
            sent=human_binary(total.sent),
            received=human_binary(total.received),
            total=human_binary(total.total),
        ),
        raw_bytes=RawBytes(sent=total.sent, received=total.received, total=total.total),
    )


def _days(rows: list[DayUsage]) -> list[Day]:
    return [
        Day(date=day.isoformat(), bytes_sent=used.sent, bytes_received=used.received, total_bytes=used.total)
        for day, used in rows
    ]


def _month_of_year(row: MonthUsage) -> MonthOfYear:
    (year_number, month_number), used = row
    return MonthOfYear(
        month=f"{year_number:04}-{month_number:02}",
        bytes_sent=used.sent,
        bytes_received=used.received,
        total_bytes=used.total,
    )
