"""The chart of now: speeds of the last minutes, from minutes of the ledger and from frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.web.page.facts import PageFacts
    from reports.usage.series import Point


def speed_columns(recent: Sequence[tuple[int, int, int]], facts: PageFacts) -> str:
    """Times, receive and transmit speeds as JSON columns: those of recent frames, and before them of minutes."""
    since = recent[0][0] if recent else facts.now
    points = [_minute(point, facts.now) for point in facts.recent.points]
    rows = [*(point for point in points if point[0] < since), *recent]
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    return json.dumps(columns, separators=(",", ":"))


def _minute(point: Point, now: int) -> tuple[int, int | None, int | None]:
    """A minute's mean speed at its middle; of the running one until now."""
    end = min(point.end, now)
    seconds = max(end - point.start, 1)
    at = (point.start + end) // 2
    if point.bytes is None:
        return at, None, None
    return at, point.bytes.received // seconds, point.bytes.sent // seconds
