"""JSON of single requests: entries of the request log, and the same as API Analytics answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import iso_exact
from reports.formats.shapes import Answer, ByteCount, Timestamp
from reports.usage.requests.logged import cursor_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.ledger.request_log import LoggedRequest, LogPage


class LogEntry(Answer):
    """One request; `process_time` is milliseconds, null where nobody measured it.

    `ip` is what privacy kept of the client, null for nothing.
    """

    created_at: Timestamp
    service: str
    method: str
    endpoint: str
    path: str
    status_code: int
    ip: str | None
    process_time: float | None
    request_bytes: ByteCount
    response_bytes: ByteCount
    user_agent: str | None
    user_id: str | None
    id: int


class RequestLogAnswer(Answer):
    """A page of the request log; send `next` as `cursor` for the following one, null after the last.

    A page may have fewer requests than `limit` and a next one: it reads a bounded number of rows. `total` is the number
    of all where this page has them all, else null.
    """

    requests: list[LogEntry]
    next: str | None
    total: int | None


class RawLog(Answer):
    """One request as API Analytics answers; `process_time` is milliseconds with two decimals."""

    created_at: Timestamp
    method: str
    endpoint: str
    ip: str | None
    process_time: float | None
    status_code: int
    id: int


def request_log(found: LogPage, zone: ZoneInfo, *, is_first: bool) -> RequestLogAnswer:
    """Shape a page; `is_first` without a cursor."""
    return RequestLogAnswer(
        requests=[log_entry(row, zone) for row in found.requests],
        next=None if found.following is None else cursor_text(found.following),
        total=len(found.requests) if is_first and found.following is None else None,
    )


def log_entry(row: LoggedRequest, zone: ZoneInfo) -> LogEntry:
    """Shape one request."""
    return LogEntry(
        created_at=iso_exact(row.at, zone),
        service=row.service,
        method=row.method,
        endpoint=row.route,
        path=row.path,
        status_code=int(row.code),
        ip=row.client or None,
        process_time=None if row.duration is None else row.duration / 1000,
        request_bytes=row.request_bytes,
        response_bytes=row.response_bytes,
        user_agent=row.agent or None,
        user_id=row.user or None,
        id=row.number,
    )


def raw_log(row: LoggedRequest, zone: ZoneInfo) -> RawLog:
    """Shape one request as API Analytics does; its endpoint is the path that was asked for."""
    return RawLog(
        created_at=iso_exact(row.at, zone),
        method=row.method,
        endpoint=row.path,
        ip=row.client or None,
        process_time=None if row.duration is None else round(row.duration / 1000, 2),
        status_code=int(row.code),
        id=row.number,
    )
