"""The screen of `netledger top`: what it shows by its keys, and its lines; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.session.live_applications import SORTS, speeds
from exporter.terminal.amounts import speed_text
from exporter.terminal.printing import bar, is_unicode, printable
from exporter.terminal.width import cut, padded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.live_applications import ApplicationSpeed
    from exporter.terminal.screen import ScreenSize
    from reports.formats.json.live import LiveApplications

SORT_KEYS = {"r": "receive", "t": "transmit", "s": "total", "n": "name"}
KEYS = "q quit   r t s n or arrows: order   o: scope"
COLUMNS = ("Receive", "Transmit", "Total")
SPEED_WIDTH = len(" 1023.99 MiB/s")
THREE_SPEEDS = 64
"""From this width on there is room for the total, too."""
NAME_WIDTH, WIDEST_NAME = 24, 40
NARROWEST_BAR, WIDEST_BAR = 6, 24
NOT_ROWS = 3
"""Lines of the screen that are no rows: title, columns, keys."""


class TopView(NamedTuple):
    """The order of rows, and one scope ("": all but loopback)."""

    sort: str = "total"
    scope: str = ""

    def after(self, key: str, scopes: Sequence[str]) -> TopView:
        """The view after a key; the same after one without a meaning."""
        match key:
            case "left" | "right":
                return self._replace(sort=_beside(self.sort, SORTS, 1 if key == "right" else -1))
            case "o":
                return self._replace(scope=_beside(self.scope, ("", *scopes), 1))
            case _:
                return self._replace(sort=SORT_KEYS.get(key, self.sort))


def scope_text(scope: str) -> str:
    """A scope in words."""
    return scope or "all but loopback"


def top_lines(answer: LiveApplications, view: TopView, size: ScreenSize) -> list[str]:
    """The whole screen: its title, the rows that fit, and the keys."""
    rows = speeds(answer, view.scope, view.sort)
    shown = rows[: max(size.lines - NOT_ROWS, 1)]
    receive, transmit = speed_text(sum(row.receive for row in rows)), speed_text(sum(row.transmit for row in rows))
    title = f"By {view.sort}, {scope_text(view.scope)}: {receive} received, {transmit} sent"
    count = f"{len(shown)} of {len(rows)} applications, by {answer.backend}"
    table = _table(shown, view.sort, size.columns)
    blank = [""] * (size.lines - len(table) - 2)
    return [printable(line) for line in (title, *table, *blank, f"{KEYS}   {count}")]


def _table(rows: Sequence[ApplicationSpeed], sort: str, width: int) -> list[str]:
    columns = COLUMNS if width >= THREE_SPEEDS else COLUMNS[:2]
    room = width - SPEED_WIDTH * len(columns)
    name_width = max(min(room, WIDEST_NAME if room >= WIDEST_NAME + NARROWEST_BAR else NAME_WIDTH), 1)
    bar_width = min(room - name_width - 2, WIDEST_BAR) if is_unicode() else 0
    largest = max((row.total for row in rows), default=0)
    lines = [_line("Application", [_marked(column, sort) for column in columns], name_width)]
    for row in rows:
        cells = [speed_text(getattr(row, column.lower())) for column in columns]
        drawn = "  " + bar(row.total, largest, bar_width) if bar_width >= NARROWEST_BAR else ""
        lines.append((_line(row.name, cells, name_width) + drawn).rstrip())
    return lines


def _line(name: str, cells: Sequence[str], name_width: int) -> str:
    """The name in its width, and each cell at the right of its own."""
    return padded(cut(printable(name), name_width), name_width, is_left=True) + "".join(
        cell.rjust(SPEED_WIDTH) for cell in cells
    )


def _marked(column: str, sort: str) -> str:
    """A column's name, with the mark of the order."""
    return f"{column} v" if column.lower() == sort else column


def _beside(value: str, values: Sequence[str], by: int) -> str:
    """The value so many places further; from the last to the first one, and to the first from one that has gone."""
    return values[(values.index(value) + by) % len(values)] if value in values else values[0]
