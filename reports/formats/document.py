"""The document of an export, which JSON and TOON write: PacketBuddy's structure, and each interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reports.formats.application_shapes import ApplicationRow, ApplicationTotals, rows_of, totals_of
from reports.formats.imported_shapes import SpanOfExport, spans_of
from reports.formats.request_shapes import RequestsOfExport, requests_of
from reports.formats.shapes import Answer, ByteCount, DateText, HumanReadable, MonthText, Timestamp, human
from reports.text.amounts import compatible_bytes, compatible_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.export.days import Days
    from reports.export.export import Export
    from reports.export.summary import ExportSummary
    from reports.ledger.imported import ImportedPart
    from reports.ledger.reader import Bytes


class ExportDevice(Answer):
    """The host; `device_id` is its ledger's."""

    hostname: str
    os_type: str
    device_id: str


class TrackingPeriod(Answer):
    """The days of the document, null where there are none."""

    first_date: DateText | None
    last_date: DateText | None
    total_days: int


class Metadata(Answer):
    """Host, time and subject of the export; `notice` says that nothing is counted.

    `interface` and `plan` are null for all counted interfaces together; `scope` has those of applications' traffic, and
    is left out without any. `hosts` are the machines of the question, left out of an export of one: then each of the
    interfaces is a machine.
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
    scope: list[str] | msgspec.UnsetType = msgspec.UNSET
    hosts: list[str] | msgspec.UnsetType = msgspec.UNSET


class Totals(Answer):
    """Bytes of the whole range; other programs have counted `imported_bytes` of them."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    estimated_bytes: ByteCount
    human_readable: HumanReadable
    imported_bytes: ByteCount = 0


class Averages(Answer):
    """A day's share."""

    daily_bytes: ByteCount
    daily_human: str


class ExportPeakSpeed(Answer):
    """The highest speed, and its day."""

    bytes_per_second: ByteCount
    human_readable: str
    date: DateText | None


class PeakDay(Answer):
    """The day with the most bytes."""

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
    """One calendar month, as far as it is in the range; `days_tracked` counts its days in the document.

    Other programs have counted `imported_bytes` of it.
    """

    month: MonthText
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount
    days_tracked: int
    estimated_bytes: ByteCount
    human_readable: HumanReadable
    imported_bytes: ByteCount = 0


class DayOfExport(Answer):
    """One local day; of its bytes the programs `imported_from` have counted `imported_bytes`."""

    date: DateText
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount
    estimated_bytes: ByteCount
    human_readable: HumanReadable
    imported_bytes: ByteCount = 0
    imported_from: list[str] | msgspec.UnsetType = msgspec.UNSET


class Head(Answer):
    """What stands before the days; applications and requests are left out without any, and in exports of interfaces.

    `imported_spans` are in the sums and in no day, and are left out without any.
    """

    metadata: Metadata
    summary: Summarized
    interfaces: list[InterfaceOfExport]
    monthly_data: list[MonthOfExport]
    applications: list[ApplicationRow] | msgspec.UnsetType = msgspec.UNSET
    application_totals: ApplicationTotals | msgspec.UnsetType = msgspec.UNSET
    requests: RequestsOfExport | msgspec.UnsetType = msgspec.UNSET
    imported_spans: list[SpanOfExport] | msgspec.UnsetType = msgspec.UNSET


class ExportDocument(Head, kw_only=True):
    """An export; days without traffic are listed with zeros."""

    daily_data: list[DayOfExport]


def head_of(export: Export) -> Head:
    """Everything but the days."""
    summary = export.summary()
    head = Head(
        metadata=_metadata(export),
        summary=_summarized(summary),
        interfaces=[
            InterfaceOfExport(interface=total.device, counted=total.is_counted, **_amounts(total.bytes))
            for total in export.interfaces
        ],
        monthly_data=[
            MonthOfExport(month=part.name, days_tracked=part.days, imported_bytes=part.imported, **_amounts(part.bytes))
            for part in summary.months
        ],
    )
    if export.applications is not None:
        head.applications = rows_of(export.applications)
        head.application_totals = ApplicationTotals(**totals_of(export.applications, export.zone))
    if export.requests is not None:
        head.requests = requests_of(export.requests)
    if export.imported.spans:
        head.imported_spans = spans_of(export.imported)
    return head


def days_of(days: Days, imported: Mapping[str, ImportedPart]) -> list[DayOfExport]:
    """Days with zeros where there was no traffic; 256 of them are made and encoded in half a millisecond.

    `imported` has parts of them by their dates.
    """
    found = _days(days)
    for day in found if imported else ():
        if part := imported.get(day.date):
            day.imported_bytes, day.imported_from = part.bytes.total, list(part.sources)
    return found


def _days(days: Days) -> list[DayOfExport]:
    return [
        DayOfExport(
            date=date,
            bytes_sent=sent,
            bytes_received=received,
            total_bytes=received + sent,
            peak_speed=peak,
            estimated_bytes=estimated,
            human_readable=HumanReadable(
                sent=compatible_bytes(sent),
                received=compatible_bytes(received),
                total=compatible_bytes(received + sent),
                peak_speed=compatible_rate(peak),
            ),
        )
        for date, received, sent, estimated, peak in zip(*days, strict=True)
    ]


def _metadata(export: Export) -> Metadata:
    host = export.host
    return Metadata(
        exported_at=export.exported_at,
        device=ExportDevice(hostname=host.name, os_type=host.system, device_id=host.id),
        tracking_period=TrackingPeriod(
            first_date=export.first_date,
            last_date=export.last_date,
            total_days=export.days.size,
        ),
        version=host.version,
        timezone=export.zone.key,
        range=export.range,
        interface=export.device,
        plan=export.plan,
        notice=export.notice or None,
        scope=list(export.scopes) or msgspec.UNSET,
        hosts=list(host.hosts) or msgspec.UNSET,
    )


def _summarized(summary: ExportSummary) -> Summarized:
    total, busiest, fastest = summary.total, summary.busiest, summary.fastest
    return Summarized(
        totals=Totals(
            bytes_sent=total.sent,
            bytes_received=total.received,
            total_bytes=total.total,
            estimated_bytes=total.estimated,
            human_readable=human(total),
            imported_bytes=summary.imported,
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


def _amounts(used: Bytes) -> dict[str, Any]:
    """The fields that an interface and a month share."""
    words = human(used)
    words.peak_speed = compatible_rate(used.peak_speed)
    return {
        "bytes_sent": used.sent,
        "bytes_received": used.received,
        "total_bytes": used.total,
        "peak_speed": used.peak_speed,
        "estimated_bytes": used.estimated,
        "human_readable": words,
    }
