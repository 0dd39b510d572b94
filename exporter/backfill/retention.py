"""Retention of metric servers; pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from reports.calendar.days import DAY_SECONDS

YEAR_SECONDS = 365 * DAY_SECONDS
CIVIL_YEAR_SECONDS = 31_557_600
GROWTH_YEARS = 5
"""Years to come that the recommended retention leaves room for."""

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": DAY_SECONDS, "w": 7 * DAY_SECONDS, "y": YEAR_SECONDS}
_PIECE = re.compile("([0-9]+)(ms|s|m|h|d|w|y)")
_WHOLE = re.compile("([0-9]+(ms|s|m|h|d|w|y))+")
_VICTORIA = re.compile("([0-9]+(?:[.][0-9]+)?)(h|d|w|M|y)?")
_MONTH_SECONDS = 31 * DAY_SECONDS


class ServerRetention(NamedTuple):
    """The retention as the server writes it, "" for none, and in seconds (None: no limit of time)."""

    text: str
    seconds: float | None


def prometheus_seconds(text: str) -> float | None:
    """Seconds of Prometheus' `storageRetention` ("15d", "1y or 512MB"); None: no limit of time."""
    for word in text.split(" or "):
        if _WHOLE.fullmatch(word.strip()):
            return sum(int(number) * _SECONDS[unit] for number, unit in _PIECE.findall(word))
    return None


def victoria_seconds(text: str) -> float | None:
    """Seconds of VictoriaMetrics' -retentionPeriod, where a bare number means months."""
    found = _VICTORIA.fullmatch(text)
    if found is None:
        return None
    return float(found[1]) * {**_SECONDS, "M": _MONTH_SECONDS}.get(found[2] or "M", _MONTH_SECONDS)


def recommended(begins: int, now: float) -> str:
    """A retention that keeps a history for years to come, in the notation of both servers."""
    return f"{-(-int(now - begins) // CIVIL_YEAR_SECONDS) + GROWTH_YEARS}y"


def days_since(begins: int, now: float) -> int:
    """Age of the history in whole days."""
    return -(-int(now - begins) // DAY_SECONDS)
