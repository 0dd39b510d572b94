"""How panels stand in the grid of 24 columns: none over another, none cut off, tall enough to be read."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from tests.grafana.dashboard_files import Dashboard, Panel

if TYPE_CHECKING:
    from tests.grafana.linter_rules import Broken, Rule

COLUMNS = 24
LEAST_HEIGHT = {"gauge": 8, "bargauge": 4, "timeseries": 6, "table": 4, "barchart": 6, "piechart": 7, "stat": 3}
STAT_WITH_GRAPH = 5
"""Below this a stat's text lies on its sparkline."""


def within_the_grid(dashboard: Dashboard) -> Broken:
    for panel in dashboard.rows_and_panels:
        x, y, width, height = panel.box
        if min(x, y) < 0 or min(width, height) < 1 or x + width > COLUMNS:
            yield panel.place, f"leaves the grid of {COLUMNS} columns: {panel.raw.get('gridPos')}"


def no_overlap(dashboard: Dashboard) -> Broken:
    """Panels of a collapsed row stand in a grid of their own while it is open."""
    for group in _grids(dashboard):
        for one, other in combinations(group, 2):
            if _touch(one, other):
                yield one.place, f"lies over {other.place.panel}"


def no_hole(dashboard: Dashboard) -> Broken:
    """Panels of one line reach from the left to the right edge, so that nothing looks forgotten."""
    for group in _grids(dashboard):
        lines = {y for panel in group for y in range(panel.box[1], panel.box[1] + panel.box[3])}
        for y in sorted(lines):
            there = [panel for panel in group if panel.box[1] <= y < panel.box[1] + panel.box[3]]
            if sum(panel.box[2] for panel in there) < COLUMNS:
                yield there[0].place, f"stands in a line that is not filled to {COLUMNS} columns"
                break


def tall_enough(dashboard: Dashboard) -> Broken:
    for panel in dashboard.panels:
        least = LEAST_HEIGHT.get(panel.type, 1)
        if panel.type == "stat" and panel.raw.get("options", {}).get("graphMode", "area") != "none":
            least = STAT_WITH_GRAPH
        if panel.box[3] < least:
            yield panel.place, f"is {panel.box[3]} high; a {panel.type} needs {least}"


def rows_hold_their_panels(dashboard: Dashboard) -> Broken:
    """A collapsed row keeps its panels inside, an open one keeps none."""
    for panel in dashboard.rows_and_panels:
        if panel.type == "row" and bool(panel.raw.get("panels")) != bool(panel.raw.get("collapsed")):
            yield panel.place, "is collapsed without panels, or open with panels inside"


LAYOUT_RULES: dict[str, Rule] = {
    "within-the-grid": within_the_grid,
    "no-overlap": no_overlap,
    "no-hole": no_hole,
    "tall-enough": tall_enough,
    "rows-hold-their-panels": rows_hold_their_panels,
}


def _grids(dashboard: Dashboard) -> list[list[Panel]]:
    """Panels that are on the screen at once: the open ones, and each collapsed row's."""
    inside = {id(raw) for panel in dashboard.rows_and_panels for raw in panel.raw.get("panels", [])}
    opened = [panel for panel in dashboard.rows_and_panels if id(panel.raw) not in inside]
    rows = [panel for panel in opened if panel.raw.get("panels")]
    return [
        opened,
        *([Panel(row.place._replace(panel=str(raw.get("title"))), raw) for raw in row.raw["panels"]] for row in rows),
    ]


def _touch(one: Panel, other: Panel) -> bool:
    x, y, width, height = one.box
    left, top, other_width, other_height = other.box
    return x < left + other_width and left < x + width and y < top + other_height and top < y + height
