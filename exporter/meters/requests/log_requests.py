"""Requests as the clients of tom-draper/api-analytics post them: https://github.com/tom-draper/api-analytics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from exporter.meters.requests.events import LONGEST_PATH, Batch, Event
from exporter.meters.requests.faults import FieldError
from exporter.meters.requests.fields import address, method_of, microseconds, short_text
from exporter.meters.requests.routes import grouped, path_of

if TYPE_CHECKING:
    from exporter.meters.requests.times import EventTimes

MOST_ROWS = 2000
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "HEAD", "TRACE")
"""Methods by the numbers that some clients send."""


class LoggedRequest(msgspec.Struct, kw_only=True, gc=False):
    """One request; `response_time` is milliseconds, `created_at` local time of the client where it has no offset."""

    path: str
    method: str | int
    status: int
    created_at: str | int | float
    response_time: float | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    user_id: str | int | None = None
    hostname: str | None = None


class LoggedRequests(msgspec.Struct, kw_only=True):
    """Requests of one client; with a `privacy_level` above 0 addresses are not kept."""

    requests: list[msgspec.Raw] = []
    api_key: str | None = None
    framework: str | None = None
    privacy_level: int | None = None


class LoggedPayload(LoggedRequests, kw_only=True):
    """The same, as it is documented: rows that cannot be used are skipped."""

    requests: list[LoggedRequest] = []  # type: ignore[assignment]  # read one by one


_PAYLOAD = msgspec.json.Decoder(LoggedRequests)
_ROW = msgspec.json.Decoder(LoggedRequest, strict=False)
REFUSED = (FieldError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


def read_payload(body: bytes) -> LoggedRequests:
    """The payload of a post; raises FieldError."""
    try:
        return _PAYLOAD.decode(body)
    except REFUSED[1:] as error:
        raise FieldError("", "Invalid request data.") from error


def read_logged(payload: LoggedRequests, service: str, times: EventTimes) -> Batch:
    """The batch of a payload; rows that cannot be used, and those beyond MOST_ROWS, are counted as refused."""
    events = []
    for raw in payload.requests[:MOST_ROWS]:
        try:
            events.append(_event(_ROW.decode(raw), service, times, has_address=not payload.privacy_level))
        except REFUSED:
            continue
    return Batch(events, service=service, refused=len(payload.requests) - len(events), late=times.late)


def _event(row: LoggedRequest, service: str, times: EventTimes, *, has_address: bool) -> Event:
    if not 100 <= row.status <= 599:  # noqa: PLR2004 - statuses of HTTP
        raise FieldError("status", f"{row.status} is refused: use 100 to 599")
    path = path_of(row.path)[:LONGEST_PATH]
    route = grouped(path)
    return Event(
        service,
        times.at(row.created_at),
        _method(row.method),
        route,
        row.status,
        None if row.response_time is None else microseconds(row.response_time),
        path="" if path == route else path,
        # Clients take it from headers of anybody: what is no address is none.
        client=(address(row.ip_address.strip()) or "") if has_address and row.ip_address else "",
        agent=short_text(row.user_agent or ""),
        user="" if row.user_id is None else short_text(str(row.user_id)),
    )


def _method(given: str | int) -> str:
    if isinstance(given, int):
        if not 0 <= given < len(METHODS):
            raise FieldError("method", f"{given} is refused: use 0 to 8, or a name")
        return METHODS[given]
    return method_of(given)
