"""Events as JSON: the fields that FastAPI's middleware of API Analytics sends, and some more."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta

from exporter.meters.requests.events import LONGEST_PATH, MOST_BYTES, Event
from exporter.meters.requests.faults import FieldError, fault_of
from exporter.meters.requests.fields import address_of, method_of, short_text
from exporter.meters.requests.routes import REMEMBERED, grouped, path_of, template_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exporter.meters.requests.times import EventTimes

MOST_ROWS, LONGEST_ID = 2000, 100

LONGEST_REMEMBERED = 300
"""Characters of paths, with the routes given, whose names are remembered: of REMEMBERED such 5 MB at most."""

ByteSize = Annotated[int, Meta(ge=0, le=MOST_BYTES)]
CREATED_AT = Meta(
    description="When the request came: ISO 8601, without an offset in the service's zone, or an epoch number; up to a "
    "day ago, what is ahead is now.",
    examples=["2026-11-28T18:30:00Z"],
)
METHOD = Meta(description="Any HTTP method.", min_length=1, max_length=255, examples=["GET"])
ENDPOINT = Meta(description="The path; what is longer than 2,000 characters is cut.", min_length=1, examples=["/a/1"])
IP = Meta(description="Address of the client, IPv4 or IPv6; null for none.", examples=["192.0.2.7"])
PROCESS_TIME = Meta(description="Milliseconds that the answer took.", ge=0, le=10**9, examples=[1.25])
STATUS_CODE = Meta(description="Status of the answer.", ge=100, le=599, examples=[200])


class TrackedEvent(msgspec.Struct, kw_only=True, gc=False):
    """One request that a service has answered. `status_code` 0: there was no answer."""

    created_at: Annotated[str | int | float, CREATED_AT]
    method: Annotated[str, METHOD]
    endpoint: Annotated[str, ENDPOINT]
    status_code: Annotated[int, Meta(description="Status of the answer, 0 for none.", ge=0, le=599, examples=[200])]
    ip: Annotated[str, IP] | None = None
    process_time: Annotated[float, PROCESS_TIME] | None = None
    route: Annotated[str, Meta(description="The template of the path.", examples=["/a/{id}"])] | None = None
    request_bytes: ByteSize = 0
    response_bytes: ByteSize = 0
    user_agent: str | None = None
    user_id: str | int | None = None


class SeedEvent(TrackedEvent, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One request that a service has answered, as POST /track takes it: nothing but these fields."""

    status_code: Annotated[int, STATUS_CODE]
    process_time: Annotated[float, PROCESS_TIME]


class TrackedBatch(msgspec.Struct, kw_only=True):
    """Up to 2,000 requests; a batch whose `id` came before, within a day, is not counted again."""

    events: Annotated[list[TrackedEvent], Meta(max_length=MOST_ROWS)]
    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, examples=["0b8c5bb1"])] | None = None


class Outline(msgspec.Struct):
    """A batch whose rows are read one by one."""

    events: Annotated[list[msgspec.Raw], Meta(max_length=MOST_ROWS)] | msgspec.UnsetType = msgspec.UNSET
    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)] | None = None


class RowFault(NamedTuple):
    """A row that was refused, and why."""

    row: int
    reason: str


class ReadRows(NamedTuple):
    """What became of the rows of one body."""

    events: Sequence[Event] = ()
    faults: Sequence[RowFault] = ()
    id: str = ""


_WHOLE = msgspec.json.Decoder(TrackedBatch, strict=False)
_OUTLINE = msgspec.json.Decoder(Outline)
_ROW = msgspec.json.Decoder(TrackedEvent, strict=False)
_SEED = msgspec.json.Decoder(SeedEvent, strict=False)


def read_one(body: bytes, service: str, times: EventTimes) -> Event:
    """The event of a body; raises FieldError, also for a field that is not known."""
    try:
        row = _SEED.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise fault_of(error, body) from error
    return event_of(row, service, times)


def read_rows(body: bytes, service: str, times: EventTimes) -> ReadRows:
    """The events of a batch, or the only one; raises FieldError where the body is neither."""
    try:
        batch = _WHOLE.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _read_one_by_one(body, service, times)
    events, faults = _events(enumerate(batch.events), service, times)
    return ReadRows(events, faults, batch.id or "")


def event_of(row: TrackedEvent, service: str, times: EventTimes) -> Event:
    """The event of a row; raises FieldError."""
    code, spent, ip, agent, user = row.status_code, row.process_time, row.ip, row.user_agent, row.user_id
    if 0 < code < 100:  # noqa: PLR2004 - the first status of HTTP
        raise FieldError("status_code", f"{code} is refused: use 100 to 599, or 0 for no answer")
    at = times.at(row.created_at)
    endpoint, given = row.endpoint, row.route or ""
    is_short = len(endpoint) + len(given) <= LONGEST_REMEMBERED
    method, route, path = (_remembered if is_short else _named)(row.method, endpoint, given)
    values = (
        service,
        at,
        method,
        route,
        code,
        None if spent is None else round(spent * 1000),
        row.request_bytes,
        row.response_bytes,
        path,
        address_of(ip) if ip else "",
        short_text(agent) if agent else "",
        "" if user is None else short_text(str(user)),
    )
    return _new(Event, values)


def _named(method: str, endpoint: str, given: str) -> tuple[str, str, str]:
    """The method, the route and the path ("" where it is the route) of an event; raises FieldError."""
    path = endpoint[:LONGEST_PATH]
    route = template_of(given) if given else grouped(path)
    if route == endpoint:
        path = ""
    elif "?" in path or "#" in path or not path.isprintable():
        path = path_of(path)
    return method_of(method), route, path


_new = tuple.__new__
"""Of an Event, in a third of the time that its constructor takes."""

_remembered = lru_cache(REMEMBERED)(_named)


def _events(
    rows: Iterable[tuple[int, TrackedEvent]], service: str, times: EventTimes
) -> tuple[list[Event], list[RowFault]]:
    events, faults = [], []
    for number, row in rows:
        try:
            events.append(event_of(row, service, times))
        except FieldError as error:
            faults.append(RowFault(number, str(error)))
    return events, faults


def _read_one_by_one(body: bytes, service: str, times: EventTimes) -> ReadRows:
    try:
        outline = _OUTLINE.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise fault_of(error, body) from error
    if outline.events is msgspec.UNSET:
        return _read_only(body, service, times)
    events: list[Event] = []
    faults: list[RowFault] = []
    for number, raw in enumerate(outline.events):
        try:
            events.append(event_of(_ROW.decode(raw), service, times))
        except FieldError as error:
            faults.append(RowFault(number, str(error)))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            faults.append(RowFault(number, str(fault_of(error, bytes(raw)))))
    return ReadRows(events, faults, outline.id or "")


def _read_only(body: bytes, service: str, times: EventTimes) -> ReadRows:
    try:
        return ReadRows([event_of(_ROW.decode(body), service, times)])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise fault_of(error, body) from error
