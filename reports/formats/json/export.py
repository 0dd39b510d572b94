"""JSON of an export: PacketBuddy's structure, and each interface; written piece by piece."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from reports.formats.json.usage import Answer, ByteCount, DateText, HumanReadable, MonthText, Timestamp
from reports.text.amounts import compatible_bytes, compatible_bytes_each, compatible_rate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.days import Days
    from reports.export.export import Export, ExportSummary, InterfaceTotal, Part
    from reports.ledger.reader import Bytes


class ExportDevice(Answer):
    """The host; `device_id` is its ledger's."""

    hostname: str
    os_type: str
    device_id: str


class TrackingPeriod(Answer):
    """The days that are told, null where there are none."""

    first_date: DateText | None
    last_date: DateText | None
    total_days: int


class Metadata(Answer):
    """Who tells, of what, and when; `notice` says that there is nothing.

    `interface` and `plan` are null for all counted interfaces together.
    """

    exported_at: Timestamp
    device: ExportDevice
    tracking_period: TrackingPeriod
    version: str
    timezone: str
    range: str
    interface: str | None
    plan: str | None
    notice: str | None


class Totals(Answer):
    """Bytes of the whole range."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    estimated_bytes: ByteCount
    human_readable: HumanReadable


class Averages(Answer):
    """A day's share."""

    daily_bytes: ByteCount
    daily_human: str


class ExportPeakSpeed(Answer):
    """The highest speed that was seen, and on which day."""

    bytes_per_second: ByteCount
    human_readable: str
    date: DateText | None


class PeakDay(Answer):
    """The day that moved the most."""

    date: DateText
    bytes: ByteCount
    human: str


class Summarized(Answer):
    """The range in a few numbers."""

    totals: Totals
    averages: Averages
    peak_speed: ExportPeakSpeed
    peak_day: PeakDay | None


class InterfaceOfExport(Answer):
    """One interface over the whole range, counted or not."""

    interface: str
    counted: bool
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount
    estimated_bytes: ByteCount
    human_readable: HumanReadable


class MonthOfExport(Answer):
    """One calendar month, as far as it is in the range; `days_tracked` are its days that are told."""

    month: MonthText
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount
    days_tracked: int
    estimated_bytes: ByteCount
    human_readable: HumanReadable


class DayOfExport(Answer):
    """One local day."""

    date: DateText
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount
    estimated_bytes: ByteCount
    human_readable: HumanReadable


class ExportDocument(Answer):
    """An export; days without traffic are listed with zeros."""

    metadata: Metadata
    summary: Summarized
    interfaces: list[InterfaceOfExport]
    monthly_data: list[MonthOfExport]
    daily_data: list[DayOfExport]


class Head(NamedTuple):
    """What stands before the days."""

    metadata: Metadata
    summary: Summarized
    interfaces: list[InterfaceOfExport]
    monthly_data: list[MonthOfExport]


def write(export: Export) -> Iterator[bytes]:
    """One JSON object, an ExportDocument."""
    yield opening(head(export)) + b'"daily_data":['
    separator = b""
    for days in export.batches():
        yield separator + ",".join(_lines(days)).encode()
        separator = b","
    yield b"]}\n"


def opening(told: Head) -> bytes:
    """How the object begins, up to the name of its last part."""
    encode = msgspec.json.Encoder().encode
    return b"{" + b"".join(b'"%b":%b,' % (name.encode(), encode(value)) for name, value in told._asdict().items())


def head(export: Export) -> Head:
    """Everything but the days."""
    summary = export.summary()
    return Head(
        _metadata(export),
        _summarized(summary),
        [_interface(total) for total in export.interfaces],
        [_month(part) for part in summary.months],
    )


def days_of_export(days: Days) -> list[DayOfExport]:
    """Shape days."""
    return msgspec.json.decode(f"[{','.join(_lines(days))}]", type=list[DayOfExport])


def _lines(days: Days) -> list[str]:
    """Days as `DayOfExport` has them, as text at once: for thousands of days objects would take twice the time."""
    totals = list(map(add, days.received, days.sent))
    words = map(compatible_bytes_each, (days.sent, days.received, totals, days.peaks))
    return [
        f'{{"date":"{day}","bytes_sent":{sent},"bytes_received":{received},"total_bytes":{total},'
        f'"peak_speed":{peak},"estimated_bytes":{estimated},"human_readable":{{"sent":"{sent_text}",'
        f'"received":"{received_text}","total":"{total_text}","peak_speed":"{peak_text}/s"}}}}'
        for day, received, sent, estimated, peak, total, sent_text, received_text, total_text, peak_text in zip(
            *days, totals, *words, strict=True
        )
    ]


def _metadata(export: Export) -> Metadata:
    source = export.source
    return Metadata(
        exported_at=export.exported_at,
        device=ExportDevice(hostname=source.hostname, os_type=source.os_type, device_id=source.device_id),
        tracking_period=TrackingPeriod(
            first_date=export.first_date,
            last_date=export.last_date,
            total_days=export.days.size,
        ),
        version=source.version,
        timezone=export.zone.key,
        range=export.range,
        interface=export.device,
        plan=export.plan,
        notice=export.notice or None,
    )


def _summarized(summary: ExportSummary) -> Summarized:
    total, busiest, fastest = summary.total, summary.busiest, summary.fastest
    return Summarized(
        totals=Totals(
            bytes_sent=total.sent,
            bytes_received=total.received,
            total_bytes=total.total,
            estimated_bytes=total.estimated,
            human_readable=HumanReadable(
                sent=compatible_bytes(total.sent),
                received=compatible_bytes(total.received),
                total=compatible_bytes(total.total),
            ),
        ),
        averages=Averages(daily_bytes=summary.daily_average, daily_human=compatible_bytes(summary.daily_average)),
        peak_speed=ExportPeakSpeed(
            bytes_per_second=total.peak_speed,
            human_readable=compatible_rate(total.peak_speed),
            date=fastest.name if fastest else None,
        ),
        peak_day=busiest
        and PeakDay(date=busiest.name, bytes=busiest.bytes.total, human=compatible_bytes(busiest.bytes.total)),
    )


def _interface(total: InterfaceTotal) -> InterfaceOfExport:
    used = total.bytes
    return InterfaceOfExport(
        interface=total.device,
        counted=total.is_counted,
        bytes_sent=used.sent,
        bytes_received=used.received,
        total_bytes=used.total,
        peak_speed=used.peak_speed,
        estimated_bytes=used.estimated,
        human_readable=_human(used),
    )


def _month(part: Part) -> MonthOfExport:
    used = part.bytes
    return MonthOfExport(
        month=part.name,
        bytes_sent=used.sent,
        bytes_received=used.received,
        total_bytes=used.total,
        peak_speed=used.peak_speed,
        days_tracked=part.days,
        estimated_bytes=used.estimated,
        human_readable=_human(used),
    )


def _human(used: Bytes) -> HumanReadable:
    return HumanReadable(
        sent=compatible_bytes(used.sent),
        received=compatible_bytes(used.received),
        total=compatible_bytes(used.received + used.sent),
        peak_speed=compatible_bytes(used.peak_speed) + "/s",
    )
