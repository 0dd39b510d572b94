"""The screen of `netledger requests top`: its order by keys, its lines, and the same rows as a table or as JSON."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from exporter.session.live_requests import RouteRateSource
from exporter.session.live_screen import LiveScreen, Repetition, draw_repeatedly
from exporter.terminal.amounts import chosen_style, speed_text
from exporter.terminal.printing import TextTable, print_json, print_table, printable
from exporter.terminal.screen import has_screen, open_screen
from exporter.terminal.width import cut, padded
from reports.text.milliseconds import human_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exporter.session.client import ServiceClient
    from exporter.session.live_requests import RouteRate, RouteRates
    from exporter.terminal.screen import ScreenSize

ORDERS: Mapping[str, Callable[[RouteRate], float]] = {
    "requests": lambda row: row.requests_per_second,
    "errors": lambda row: row.errors_per_second,
    "time": lambda row: row.avg_time or 0.0,
    "bytes": lambda row: row.bytes_per_second,
}
SORT_KEYS = {name[0]: name for name in ORDERS}
KEYS = "q quit   r e t b: order"
COLUMNS = ("Req/s", "Errors/s", "Average", "Speed")
WIDTHS = (10, 10, 9, len(" 1023.99 MiB/s"))
NARROW = 64
"""Below this width there is no room for bytes and errors."""

NOT_ROWS = 3
"""Lines of the screen that are no rows: title, columns, keys."""


def show_requests(
    client: ServiceClient, service: str | None, sort: str, repetition: Repetition, *, as_json: bool
) -> None:
    """Show what the service counts, until it is enough."""
    source = RouteRateSource(client, service)
    if not as_json and has_screen():
        # The first screen is drawn at once: it has no rates yet.
        screens = None if repetition.screens is None else repetition.screens + 1
        with contextlib.suppress(KeyboardInterrupt), open_screen() as screen:
            draw_repeatedly(screen, LiveScreen(source, lines, _after), sort, repetition._replace(screens=screens))
        return
    for _ in range(repetition.screens or 1):
        time.sleep(repetition.interval)
        answer = source()
        if as_json:
            print_json(answer)
        else:
            _print(answer, sort)


def ordered(answer: RouteRates, sort: str) -> list[RouteRate]:
    """The rows, the most of an order first."""
    return sorted(answer.routes, key=ORDERS[sort], reverse=True)


def lines(answer: RouteRates, sort: str, size: ScreenSize) -> list[str]:
    """The whole screen: its title, the rows that fit, and the keys."""
    rows = ordered(answer, sort)
    shown = rows[: max(size.lines - NOT_ROWS, 1)]
    requests, errors = (sum(map(ORDERS[name], rows)) for name in ("requests", "errors"))
    title = f"By {sort}: {_rate(requests)} requests and {_rate(errors)} errors a second"
    table = _table(shown, size.columns)
    blank = [""] * (size.lines - len(table) - 2)
    return [printable(line) for line in (title, *table, *blank, f"{KEYS}   {len(shown)} of {len(rows)} routes")]


def _after(sort: str, key: str, _answer: RouteRates) -> str:
    return SORT_KEYS.get(key, sort)


def _table(rows: Sequence[RouteRate], width: int) -> list[str]:
    places = (0, 1, 2, 3) if width >= NARROW else (0, 2)
    room = max(width - sum(WIDTHS[place] for place in places), 1)
    names = [("Route", COLUMNS), *((_name(row), _cells(row)) for row in rows)]
    return [
        padded(cut(printable(name), room), room, is_left=True)
        + "".join(cells[place].rjust(WIDTHS[place]) for place in places)
        for name, cells in names
    ]


def _print(answer: RouteRates, sort: str) -> None:
    cells = [(_name(row), *_cells(row)) for row in ordered(answer, sort)]
    requests, errors, moved = (sum(map(ORDERS[name], answer.routes)) for name in ("requests", "errors", "bytes"))
    last = ("TOTAL", _rate(requests), _rate(errors), _took(answer.avg_time), speed_text(moved))
    print_table(TextTable(f"Requests of {_rate(answer.seconds)} seconds", ("Route", *COLUMNS), [*cells, last]))


def _name(row: RouteRate) -> str:
    return f"{row.service}: {row.method} {row.route}"


def _cells(row: RouteRate) -> tuple[str, ...]:
    speeds = _rate(row.requests_per_second), _rate(row.errors_per_second)
    return *speeds, _took(row.avg_time), speed_text(row.bytes_per_second)


def _rate(number: float) -> str:
    return chosen_style().number(f"{number:,.1f}")


def _took(milliseconds: float | None) -> str:
    return chosen_style().number(human_milliseconds(milliseconds))
