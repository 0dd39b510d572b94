"""tom-draper/api-analytics: what GET /api/data answers, as objects or compact, and the CSV of its dashboard.

Facts: its server's internal/routes/data.go, its dashboard's exportData.ts and consts.ts. Of the CSV only user_agent is
in quotation marks, which are not doubled within; times are JavaScript's Date text; the last column may be missing.
Durations are milliseconds. Nothing in a file says whose key it was: it is one service.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from exporter.importing.foreign import text
from exporter.importing.requests.files import first_lines, require_names, service_of, text_lines
from exporter.importing.requests.values import (
    PastRequest,
    ValueRefusedError,
    event_of,
    number,
    text_or_none,
    time_of,
    whole,
)
from exporter.ledger.past.rows import ForeignFileError
from exporter.meters.requests.log_requests import METHODS, LoggedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from exporter.importing.requests.files import RequestOptions
    from exporter.meters.requests.events import Event

KIND = "tom-draper"
FILES = "tom-draper/api-analytics (JSON of /api/data, CSV)"
SERVICE = "api"
COLUMNS = "ip_address,path,hostname,user_agent,method,response_time,status,location,user_id,time"
LINE = re.compile(
    r'(?P<ip>[^,]*),(?P<path>.*),(?P<hostname>[^,]*),"(?P<agent>.*)",(?P<method>[^,]*),(?P<spent>[^,]*),'
    r"(?P<status>[^,]*),(?P<location>[^,]*),(?P<user>.*),"
    r"(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT[+-]\d{4}[^,]*|\d{4}-\d\d-\d\dT[^,]*)"
    r"(?P<referrer>,.*)?"
)
DATE, LENGTH = "%a %b %d %Y %H:%M:%S GMT%z", len("Sat Nov 21 2026 23:31:00 GMT+0100")
REQUIRED = {"path", "method", "status", "created_at"}
STEP = 1000


class DataAnswer:
    """What GET /api/data answers; pages may be joined to one list."""

    kind = KIND
    keys: Sequence[tuple[str, bytes]] = ()

    def __init__(self, path: Path, options: RequestOptions) -> None:
        """Split it into its rows; raises ForeignFileError for half of it."""
        try:
            self._rows = msgspec.json.decode(text(path), type=list[msgspec.Raw])
        except msgspec.MsgspecError as error:
            raise ForeignFileError(f"{path} is not whole JSON: {error}") from error
        _require_options(path, options)
        self._path, self._options = path, options
        self._names = _names(self._rows[0]) if self._rows else None
        self.size = len(self._rows)
        self.identity = hashlib.sha256(b"".join(bytes(row) for row in self._rows[:2])).hexdigest()

    def events(self, advance: Callable[[int], None]) -> Generator[Event]:
        """Every request, in the order of the list."""
        first = 0 if self._names is None else 1
        for place, raw in enumerate(self._rows[first:], start=first + 1):
            try:
                row = msgspec.convert(self._document(raw), LoggedRequest, strict=False)
                yield event_of(_of_object(row, self._options), self._options.zone, self._options.now)
            except (ValueError, msgspec.MsgspecError, RecursionError) as error:
                raise ForeignFileError(f"{self._path}: row {place}: {error}") from error
            if place % STEP == 0:
                advance(place)
        advance(self.size)

    def _document(self, raw: msgspec.Raw) -> Any:
        found = msgspec.json.decode(raw)
        if self._names is None:
            return found
        if not isinstance(found, list) or len(found) != len(self._names):
            raise ValueRefusedError(f"it is no list of {len(self._names)} values, as the first row is")
        return dict(zip(self._names, found, strict=True))


class DashboardExport:
    """The CSV of its dashboard."""

    kind = KIND
    keys: Sequence[tuple[str, bytes]] = ()

    def __init__(self, path: Path, options: RequestOptions) -> None:
        """Nothing is read yet but its first lines."""
        _require_options(path, options)
        self._path, self._options = path, options
        self.size = path.stat().st_size
        self.identity = hashlib.sha256(first_lines(path, 2).encode()).hexdigest()

    def events(self, advance: Callable[[int], None]) -> Generator[Event]:
        """Every request, in the order of lines."""
        with closing(text_lines(self._path, advance)) as lines:
            for place, line in enumerate(lines, start=1):
                if place == 1 or not line.strip():
                    continue
                try:
                    yield event_of(_of_line(line.rstrip("\r\n"), self._options), self._options.zone, self._options.now)
                except ValueError as error:
                    raise ForeignFileError(f"{self._path}: line {place}: {error}") from error


def is_export(first_line: str) -> bool:
    """True for the line of names of its CSV."""
    return first_line.strip().startswith(COLUMNS)


def is_answer(first_row: Any) -> bool:
    """True for the first row of an answer: an object, or the names of compact rows."""
    return isinstance(first_row, dict | list) and all(name in first_row for name in REQUIRED)


def _require_options(path: Path, options: RequestOptions) -> None:
    require_names(path, [SERVICE], options)
    if options.duration_unit is not None:
        raise ForeignFileError(f"--duration-unit: the durations of {path} are milliseconds")


def _names(first: msgspec.Raw) -> Sequence[str] | None:
    """The names of compact rows; None where rows are objects."""
    found = msgspec.json.decode(first)
    return found if isinstance(found, list) else None


def _of_object(row: LoggedRequest, options: RequestOptions) -> PastRequest:
    if not isinstance(row.created_at, str):
        raise ValueRefusedError(f"created_at {row.created_at!r} is no time of ISO 8601")
    method = _method(row.method) if isinstance(row.method, int) else row.method
    return PastRequest(
        service_of(SERVICE, options),
        time_of(row.created_at),
        method,
        row.path,
        row.status,
        row.response_time,
        text_or_none(row.ip_address),
        text_or_none(row.user_agent),
        None if row.user_id is None else text_or_none(str(row.user_id)),
    )


def _of_line(line: str, options: RequestOptions) -> PastRequest:
    found = LINE.fullmatch(line)
    if found is None:
        raise ValueRefusedError(f"it does not have the columns {COLUMNS}")
    spent = text_or_none(found["spent"])
    return PastRequest(
        service_of(SERVICE, options),
        _time(found["time"]),
        _method(whole(found["method"], "method")),
        found["path"],
        whole(found["status"], "status"),
        None if spent is None else number(spent, "response_time"),
        text_or_none(found["ip"]),
        text_or_none(found["agent"]),
        text_or_none(found["user"]),
    )


def _time(written: str) -> datetime:
    """A time as a browser writes it, with the name of its zone behind the offset."""
    if written[:1].isdigit():
        return time_of(written)
    try:
        return datetime.strptime(written[:LENGTH], DATE)  # noqa: DTZ007 - it has an offset
    except ValueError as error:
        raise ValueRefusedError(f"{written[:60]!r} is no time") from error


def _method(number_: int) -> str:
    if not 0 <= number_ < len(METHODS):
        raise ValueRefusedError(f"method {number_} is refused: use 0 to {len(METHODS) - 1}")
    return METHODS[number_]
