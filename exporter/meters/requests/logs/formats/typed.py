"""Values of JSON: times, durations, status codes and numbers of bytes as an event has them."""

from __future__ import annotations

import re
from functools import lru_cache

from exporter.meters.requests.events import LONGEST_DURATION, MOST_BYTES
from exporter.meters.requests.logs.formats import fields
from exporter.meters.requests.logs.formats.fields import LineError

LAST_SECOND = 2**40
UNITS = {"h": 3.6e9, "m": 6e7, "s": 1e6, "ms": 1000.0, "\u00b5s": 1.0, "\u03bcs": 1.0, "us": 1.0, "ns": 0.001}
"""Microseconds of Go's units."""

GO_PART = re.compile("([0-9]{1,15}(?:\\.[0-9]{0,15})?)(h|ms|m|s|[u\u00b5\u03bc]s|ns)", re.ASCII)
GO_DURATION = re.compile(f"(?:{GO_PART.pattern})++", re.ASCII)


def instant(ts: float | str) -> int:
    """UTC microseconds of seconds since 1970, or of a text as of RFC 3339."""
    if isinstance(ts, str):
        return fields.iso_time(ts.encode("utf-8", "replace"))
    if not 0 <= ts < LAST_SECOND:
        raise LineError("its time is none")
    return fields.within_time(int(ts * 1e6))


def microseconds(duration: float | str | None, unit: float) -> int | None:
    """A number of units of so many microseconds, or a text of Go such as `1.2ms` or `1m2.5s`; None for another."""
    if duration is None:
        return None
    found = _go_duration(duration) if isinstance(duration, str) else duration * unit
    return int(min(found, LONGEST_DURATION)) if found is not None and found >= 0 else None


@lru_cache(fields.REMEMBERED)
def _go_duration(text: str) -> float | None:
    if not GO_DURATION.fullmatch(text):
        return None
    return sum(float(number) * UNITS[unit] for number, unit in GO_PART.findall(text))


def code_of(status: int) -> int:
    """A status code; 0 where the connection ended before a response."""
    if status and not 100 <= status < 600:  # noqa: PLR2004 - status codes
        raise LineError("its status code is none")
    return status


def amount(size: int) -> int:
    """A number of bytes."""
    return max(0, min(size, MOST_BYTES))
