"""Heat maps: a year of days as a calendar of weeks, and the hours of a week; the stronger the colour, the more."""

from __future__ import annotations

from bisect import bisect_left
from calendar import day_abbr, month_abbr
from collections import defaultdict
from itertools import cycle
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from reports.charts.svg import scaled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

SHADES = 5
"""Shades of amounts above zero: classes heat-1 to heat-5; heat-0 is zero, heat-none is unknown."""

CELL, GAP = 10, 2
STEP = CELL + GAP
LEFT, ABOVE = 34, 24
FEWEST_WEEKS = 27
"""Least width: days of fewer weeks would be larger than their texts."""

DASH = "h.83"
"""A cell is a thick stroke: ten years of squares would take four times the space."""

HOURS = 24
HOUR_CELL, HOUR_GAP, HOUR_LEFT = 22, 2, 48
HOUR_STEP = HOUR_CELL + HOUR_GAP


class HeatDay(NamedTuple):
    """One local day: its bytes (None: not counted), and the tip of the pointer.

    Days without a tip are drawn together, which takes a tenth of the space.
    """

    day: date
    amount: int | None
    tip: str = ""


class HeatHour(NamedTuple):
    """One hour of a weekday: its bytes, and the tip of the pointer."""

    amount: int
    tip: str = ""


class Shading(NamedTuple):
    """Limits between shades (bytes, ascending): each shade holds about as many amounts as the others."""

    limits: tuple[int, ...]

    def level(self, amount: int | None) -> str:
        """The class of an amount."""
        if amount is None:
            return "heat-none"
        return f"heat-{bisect_left(self.limits, amount) + 1}" if amount else "heat-0"


def shading(amounts: Iterable[int | None]) -> Shading:
    """Shades that fit these amounts, zeros left out."""
    found = sorted(amount for amount in amounts if amount)
    if not found:
        return Shading(())
    return Shading(tuple(found[len(found) * number // SHADES] for number in range(1, SHADES)))


def calendar_heat(days: Sequence[HeatDay], shades: Shading, *, title: str, weeks: int = FEWEST_WEEKS) -> Markup:
    """A column for each week from Monday on, a row for each weekday; one year or less, in order.

    `weeks` is the least width.
    """
    if not days:
        return Markup()
    monday = days[0].day.toordinal() - days[0].day.weekday()
    weeks = max((days[-1].day.toordinal() - monday) // 7 + 1, weeks)
    parts = [*_weekdays(), *_months(days, monday), *_cells(days, shades, monday)]
    return scaled("heat calendar", LEFT + STEP * weeks, ABOVE + STEP * 7, title, parts)


def hour_heat(matrix: Sequence[Sequence[HeatHour]], *, title: str) -> Markup:
    """Seven rows (Monday first) of 24 hours of the local day."""
    shades = shading(hour.amount for row in matrix for hour in row)
    parts = [
        f'<text class="muted" x="{HOUR_LEFT - 8}" y="{ABOVE + HOUR_STEP * number + HOUR_CELL / 2:g}" dy=".35em" '
        f'text-anchor="end">{name}</text>'
        for number, name in enumerate(day_abbr)
    ]
    parts += [
        f'<text class="{name}" x="{HOUR_LEFT + HOUR_STEP * hour}" y="16">{hour:02}</text>'
        for hour, name in zip(range(0, HOURS, 3), cycle(("muted", "muted fine")), strict=False)
    ]
    parts.append(f'<g class="cells" transform="translate({HOUR_LEFT} {ABOVE + HOUR_CELL / 2:g}) scale({HOUR_STEP})">')
    for weekday, row in enumerate(matrix):
        parts += [_cell(shades.level(hour.amount), number, weekday, hour.tip) for number, hour in enumerate(row)]
    parts.append("</g>")
    return scaled("heat hours", HOUR_LEFT + HOUR_STEP * HOURS, ABOVE + HOUR_STEP * len(matrix), title, parts)


def _weekdays() -> Iterator[str]:
    for number in (0, 2, 4):
        y = ABOVE + STEP * number + CELL
        yield f'<text class="muted fine" x="{LEFT - 6}" y="{y}" dy="-.1em" text-anchor="end">{day_abbr[number]}</text>'


def _months(days: Sequence[HeatDay], monday: int) -> Iterator[str]:
    for entry in days:
        if entry.day.day == 1:
            x = LEFT + (entry.day.toordinal() - monday + 6) // 7 * STEP
            yield f'<text class="muted" x="{x}" y="15">{month_abbr[entry.day.month]}</text>'


def _cells(days: Sequence[HeatDay], shades: Shading, monday: int) -> Iterator[str]:
    together: dict[str, list[str]] = defaultdict(list)
    yield f'<g class="cells" transform="translate({LEFT} {ABOVE + CELL / 2:g}) scale({STEP})">'
    for day, amount, tip in days:
        week, weekday = divmod(day.toordinal() - monday, 7)
        level = shades.level(amount)
        if tip:
            yield _cell(level, week, weekday, tip)
        else:
            together[level].append(f"M{week} {weekday}{DASH}")
    for level, places in together.items():
        yield f'<path class="{level}" d="{"".join(places)}"/>'
    yield "</g>"


def _cell(level: str, column: int, row: int, tip: str) -> str:
    return f'<path class="{level}" d="M{column} {row}{DASH}"><title>{escape(tip)}</title></path>'
