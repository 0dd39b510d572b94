"""A month as a wall calendar: seven columns, a row for each week, in each day its amount."""

from __future__ import annotations

from calendar import day_abbr
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from reports.charts.scale import short_text
from reports.charts.svg import scaled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.charts.heat import HeatDay, Shading

WIDTH, HEIGHT, GAP = 94, 58, 6
ABOVE = 24
LOW_SHADES = frozenset({"heat-none", "heat-0", "heat-1", "heat-2"})
"""Shades on which the dark letters of a light page are easier to read."""


def wall_calendar(days: Sequence[HeatDay], shades: Shading, *, title: str) -> Markup:
    """The calendar of up to two months of days in order, from the Monday on or before the first."""
    if not days:
        return Markup()
    monday = days[0].day.toordinal() - days[0].day.weekday()
    weeks = (days[-1].day.toordinal() - monday) // 7 + 1
    parts = [
        f'<text class="muted" x="{(WIDTH + GAP) * number + WIDTH / 2:g}" y="14" text-anchor="middle">{name}</text>'
        for number, name in enumerate(day_abbr)
    ]
    for entry in days:
        parts.extend(_day(entry, shades, divmod(entry.day.toordinal() - monday, 7)))
    return scaled("heat wall", (WIDTH + GAP) * 7 - GAP, ABOVE + (HEIGHT + GAP) * weeks - GAP, title, parts)


def _day(entry: HeatDay, shades: Shading, place: tuple[int, int]) -> Iterator[str]:
    week, weekday = place
    x, y, level = (WIDTH + GAP) * weekday, ABOVE + (HEIGHT + GAP) * week, shades.level(entry.amount)
    ink = "on-low" if level in LOW_SHADES else "on-high"
    yield f"<g><title>{escape(entry.tip)}</title>"
    yield f'<rect class="{level}" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
    yield f'<text class="{ink}" x="{x + 9}" y="{y + 20}">{entry.day.day}</text>'
    if entry.amount is not None:
        yield f'<text class="{ink}" x="{x + WIDTH - 8}" y="{y + HEIGHT - 10}" text-anchor="end">'
        yield f"{short_text(entry.amount)}</text>"
    yield "</g>"
