"""CSV (RFC 4180) of the request log: a line for each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import iso_exact
from reports.formats.csv.days import LINE_END, cell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from reports.ledger.request_log import LoggedRequest

COLUMNS = (
    "created_at,service,method,endpoint,path,status_code,ip,process_time,request_bytes,response_bytes,user_agent,"
    "user_id,id"
)


def heading() -> bytes:
    """The first line."""
    return (COLUMNS + LINE_END).encode()


def write(requests: Iterable[LoggedRequest], zone: ZoneInfo) -> bytes:
    """Lines in UTF-8; process_time is milliseconds, empty where nobody measured it."""
    return "".join(_line(row, zone) for row in requests).encode("utf-8", "replace")


def _line(row: LoggedRequest, zone: ZoneInfo) -> str:
    time = "" if row.duration is None else f"{row.duration / 1000:.3f}"
    return (
        f"{iso_exact(row.at, zone)},{cell(row.service)},{cell(row.method)},{cell(row.route)},{cell(row.path)},"
        f"{row.code},{cell(row.client)},{time},{row.request_bytes},{row.response_bytes},{cell(row.agent)},{cell(row.user)},"
        f"{row.number}{LINE_END}"
    )
