"""JSON about imported history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import day_of, iso
from reports.formats.shapes import Answer, DateText, MonthText, Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.ledger.past import ImportedSource
    from reports.ledger.past_requests import PastSource


class ImportedMonth(Answer, kw_only=True):
    """What an import brings of one interface or application and month: of `days` days, and of spans in or across it."""

    month: MonthText
    interface: str | None = None
    application: str | None = None
    bytes_received: int
    bytes_sent: int
    days: int
    spans: int


class ImportAnswer(Answer):
    """What was imported, or would be. With `is_same`, it had been imported before, and nothing has changed.

    `bytes_counted_here` are left out, as netledger has counted them itself.
    """

    source: str
    is_same: bool
    is_dry_run: bool
    bytes_received: int
    bytes_sent: int
    bytes_counted_here: int
    months: list[ImportedMonth]
    notes: list[str]


class ImportSource(Answer):
    """A source of imported history: when it was read, what it has; dates are null where nothing was left to bring.

    It has interfaces or applications; bytes of applications are estimates.
    """

    source: str
    kind: str
    imported_at: Timestamp
    first_date: DateText | None
    last_date: DateText | None
    interfaces: list[str]
    applications: list[str]
    days: int
    spans: int
    bytes_received: int
    bytes_sent: int


class ImportedRequestMonth(Answer):
    """What an import brings of one service and month."""

    month: MonthText
    service: str
    requests: int
    errors: int


class RequestImportAnswer(Answer):
    """Requests that were imported, or would be. With `is_same`, they had been imported before: nothing has changed.

    `requests_counted_here` are left out: they are of after netledger began to count their services itself. So many
    `keys` of the file are new here.
    """

    source: str
    is_same: bool
    is_dry_run: bool
    requests: int
    errors: int
    requests_counted_here: int
    keys: int
    months: list[ImportedRequestMonth]


class RequestImportSource(Answer):
    """A source of imported requests: when it was read, what it has; dates are null where nothing was left to bring."""

    source: str
    kind: str
    imported_at: Timestamp
    first_date: DateText | None
    last_date: DateText | None
    services: list[str]
    requests: int
    errors: int


class ImportSources(Answer):
    """Every source, of bytes and of requests."""

    imports: list[ImportSource]
    requests: list[RequestImportSource]


class SettingEqual(Answer):
    """A key of another program's settings, and the setting of netledger that is its equal, or why there is none."""

    key: str
    setting: str | None
    value: object
    remark: str


class ImportedSettings(Answer):
    """Another program's settings in netledger's words, and as a settings file, which is not written."""

    settings: list[SettingEqual]
    yaml: str


class RemovedImport(Answer):
    """A source that was taken back, and the number of its rows."""

    source: str
    rows: int


def import_answer(
    source: str,
    rows: Sequence[tuple[str, date, date, int, int]],
    own_bytes: int,
    notes: Sequence[str],
    *,
    meter: str,
    is_same: bool,
    is_dry_run: bool,
) -> ImportAnswer:
    """Shape what an import brings; rows are name, first and last day, bytes received and sent."""
    return ImportAnswer(
        source=source,
        is_same=is_same,
        is_dry_run=is_dry_run,
        bytes_received=sum(row[3] for row in rows),
        bytes_sent=sum(row[4] for row in rows),
        bytes_counted_here=own_bytes,
        months=_by_month(rows, meter),
        notes=list(notes),
    )


def _by_month(rows: Iterable[tuple[str, date, date, int, int]], meter: str) -> list[ImportedMonth]:
    """Rows by the month in which they begin."""
    found: dict[tuple[str, str], list[int]] = {}
    for name, first, last, received, sent in rows:
        sums = found.setdefault((f"{first:%Y-%m}", name), [0, 0, 0, 0])
        for place, amount in enumerate((received, sent, first == last, first != last)):
            sums[place] += amount
    return [
        ImportedMonth(month=month, **{meter: name}, bytes_received=received, bytes_sent=sent, days=days, spans=spans)
        for (month, name), (received, sent, days, spans) in sorted(found.items())
    ]


def sources(found: Iterable[ImportedSource], requests: Iterable[PastSource], zone: ZoneInfo) -> ImportSources:
    """Shape the sources."""
    return ImportSources(
        imports=[
            ImportSource(
                source=each.name,
                kind=each.kind,
                imported_at=iso(each.at, zone),
                first_date=None if each.first is None else each.first.isoformat(),
                last_date=None if each.last is None else each.last.isoformat(),
                interfaces=list(each.interfaces),
                applications=list(each.applications),
                days=each.days,
                spans=each.spans,
                bytes_received=each.bytes.received,
                bytes_sent=each.bytes.sent,
            )
            for each in found
        ],
        requests=[_request_source(each, zone) for each in requests],
    )


def _request_source(found: PastSource, zone: ZoneInfo) -> RequestImportSource:
    days = [
        day_of(at // 1_000_000, zone) for each in found.services for at in (each.first, each.last) if at is not None
    ]
    return RequestImportSource(
        source=found.name,
        kind=found.kind,
        imported_at=iso(found.at, zone),
        first_date=min(days).isoformat() if days else None,
        last_date=max(days).isoformat() if days else None,
        services=[each.service for each in found.services if each.requests],
        requests=sum(each.requests for each in found.services),
        errors=sum(each.errors for each in found.services),
    )
