"""Values of requests in other programs' files, as events have them; an error names the value and the rule."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.past.rows import FIRST_YEAR
from exporter.meters.requests.events import LONGEST_PATH, Event
from exporter.meters.requests.fields import address, method_of, microseconds, short_text
from exporter.meters.requests.routes import grouped, path_of

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NULLS = frozenset({"", "null", "none", "undefined"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
AHEAD = timedelta(days=1)
UNITS = {"milliseconds": 1.0, "seconds": 1000.0}
"""Units of durations, in milliseconds."""


class ValueRefusedError(ValueError):
    """A value that cannot be of a request."""


class PastRequest(NamedTuple):
    """One request as its program has written it; `at` has an offset, or is local time of the file's zone."""

    service: str
    at: datetime
    method: str
    path: str
    code: int
    milliseconds: float | None
    client: str | None = None
    agent: str | None = None
    user: str | None = None


def event_of(row: PastRequest, zone: ZoneInfo, now: datetime) -> Event:
    """The event of a request; raises ValueError with the field and the rule."""
    if not 100 <= row.code <= 599:  # noqa: PLR2004 - statuses of HTTP
        raise ValueRefusedError(f"status {row.code} is refused: use 100 to 599")
    at = row.at if row.at.tzinfo is not None else row.at.replace(tzinfo=zone)
    if at.year < FIRST_YEAR:
        raise ValueRefusedError(f"the time {row.at} is before {FIRST_YEAR}")
    if at > now + AHEAD:
        raise ValueRefusedError(f"the time {row.at} is more than a day ahead")
    path = path_of(row.path)[:LONGEST_PATH]
    route = grouped(path)
    return Event(
        row.service,
        (at - EPOCH) // MICROSECOND,
        method_of(row.method),
        route,
        row.code,
        None if row.milliseconds is None else microseconds(row.milliseconds),
        path="" if path == route else path,
        client=address(row.client.strip()) or "" if row.client else "",
        agent=short_text(row.agent or ""),
        user=short_text(row.user or ""),
    )


def time_of(text: str) -> datetime:
    """A time of ISO 8601; raises ValueError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueRefusedError(f"{text[:60]!r} is no time") from error


def whole(text: str, name: str) -> int:
    """A whole number; raises ValueError."""
    if not (text.isascii() and text.isdigit()) or len(text) > 18:  # noqa: PLR2004 - digits of what SQLite holds
        raise ValueRefusedError(f"{name} {text[:60]!r} is no whole number")
    return int(text)


def number(text: str, name: str) -> float:
    """A number; raises ValueError."""
    try:
        found = float(text)
    except ValueError as error:
        raise ValueRefusedError(f"{name} {text[:60]!r} is no number") from error
    if not math.isfinite(found):
        raise ValueRefusedError(f"{name} {text[:60]!r} is no number")
    return found


def text_or_none(text: str | None) -> str | None:
    """A text; None for one that stands for no value."""
    return None if text is None or text.strip().lower() in NULLS else text
