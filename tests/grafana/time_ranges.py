"""Time ranges as Grafana takes them: `now-6h`, the step of a graph, and the variables of both."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.grafana.dashboard_files import Dashboard, Panel

SCRAPE_SECONDS = 15
PIXELS_A_COLUMN = 60
SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "M": 30 * 86_400, "y": 365 * 86_400}
ROUNDED = (
    (7.5, 5),
    (12.5, 10),
    (17.5, 15),
    (25, 20),
    (45, 30),
    (90, 60),
    (210, 120),
    (450, 300),
    (750, 600),
    (1050, 900),
    (1500, 1200),
    (2700, 1800),
    (5400, 3600),
    (9000, 7200),
    (16_200, 10_800),
    (32_400, 21_600),
    (86_400, 43_200),
    (604_800, 86_400),
    (math.inf, 604_800),
)
"""Steps in seconds that Grafana takes for those below the first number (rangeUtil.roundInterval of @grafana/data)."""

RELATIVE = re.compile(r"now(?:-(?P<number>\d+)(?P<unit>[smhdwMy]))?(?:/(?P<floor>[hdwMy]))?")


class Range(NamedTuple):
    """From when to when, in how large steps (seconds)."""

    start: float
    end: float
    step: float

    @property
    def variables(self) -> dict[str, str]:
        """What Grafana calls the range in an expression."""
        seconds, step = max(int(self.end - self.start), 1), int(self.step)
        return {
            "__interval": f"{step}s",
            "__interval_ms": str(step * 1000),
            "__rate_interval": f"{max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s",
            "__range": f"{seconds}s",
            "__range_s": str(seconds),
            "__range_ms": str(seconds * 1000),
            "__from": str(int(self.start * 1000)),
            "__to": str(int(self.end * 1000)),
        }


def days_before(panel: Panel, end: float, days: int) -> Range:
    """So many days, by the steps that Grafana takes: multiples of themselves since 1970."""
    step = step_of(days * 86_400, panel)
    last = end // step * step
    return Range(last - days * 86_400 // step * step, last, step)


def moment(text: str, now: float) -> float:
    """When `now-6h` or `now/M` is, in UTC."""
    match = RELATIVE.fullmatch(text)
    assert match is not None, f"{text} is no relative time"
    seconds = now - int(match["number"] or 0) * SECONDS_OF[match["unit"] or "s"]
    return seconds if match["floor"] is None else _floor(seconds, match["floor"])


def _floor(seconds: float, unit: str) -> float:
    if unit in "hd":
        return seconds - seconds % SECONDS_OF[unit]
    midnight = datetime.fromtimestamp(seconds - seconds % 86_400, UTC)
    if unit == "w":
        return midnight.timestamp() - midnight.weekday() * 86_400
    return midnight.replace(day=1, month=1 if unit == "y" else midnight.month).timestamp()


def step_of(seconds: float, panel: Panel | None) -> int:
    """The step by which Grafana draws so long a range on the panel."""
    raw = {} if panel is None else panel.raw
    points = raw.get("maxDataPoints") or (panel.box[2] if panel else 24) * PIXELS_A_COLUMN
    return max(_seconds(raw.get("interval")), next(step for limit, step in ROUNDED if seconds / points < limit))


def range_of(dashboard: Dashboard, panel: Panel | None, now: float) -> Range:
    start, end = (moment(dashboard.raw.get("time", {}).get(end, "now"), now) for end in ("from", "to"))
    text = "" if panel is None else panel.raw.get("timeFrom", "")
    if text:
        start, end = moment(text if text.startswith("now") else f"now-{text}", now), now
    end = min(end, now)
    return Range(start, end, step_of(end - start, panel))


def _seconds(text: str | None) -> int:
    match = re.fullmatch(r">?(\d+)([smhdw])", text or "")
    return int(match[1]) * SECONDS_OF[match[2]] if match else SCRAPE_SECONDS
