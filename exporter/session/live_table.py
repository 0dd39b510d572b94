"""Applications now: as JSON, as a table in a pipe, or as a screen that is drawn again and reads keys."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from exporter.session.live_applications import (
    ApplicationSpeed,
    live_applications,
    require_scope,
    scopes_of,
    speeds,
    way_notes,
)
from exporter.session.top_view import COLUMNS, TopView, scope_text, top_lines
from exporter.terminal.printing import TextTable, print_json, print_table
from exporter.terminal.screen import has_screen, open_screen
from reports.text.amounts import human_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.session.client import ServiceClient
    from exporter.terminal.screen import Screen
    from reports.formats.json.live import LiveApplications


class Repetition(NamedTuple):
    """Seconds between two screens, and how many there are; None: until a key ends it, or one in a pipe."""

    interval: float = 2.0
    screens: int | None = None


def show_applications(client: ServiceClient, view: TopView, repetition: Repetition, *, as_json: bool) -> None:
    """Show what the service measures, until it is enough."""
    fetch = partial(live_applications, client)
    first = fetch()
    require_scope(first, view.scope)
    if not as_json and has_screen():
        with contextlib.suppress(KeyboardInterrupt), open_screen() as screen:
            _draw(screen, fetch, view, repetition)
        return
    for answer in _repeated(fetch, first, repetition):
        if as_json:
            print_json(answer)
        else:
            _print(answer, view)


def _repeated(
    fetch: Callable[[], LiveApplications], first: LiveApplications, repetition: Repetition
) -> Iterator[LiveApplications]:
    yield first
    for _ in range((repetition.screens or 1) - 1):
        time.sleep(repetition.interval)
        yield fetch()


def _print(answer: LiveApplications, view: TopView) -> None:
    rows = speeds(answer, view.scope, view.sort)
    summed = ApplicationSpeed("TOTAL", sum(row.receive for row in rows), sum(row.transmit for row in rows))
    cells = [(row.name, *map(human_rate, (row.receive, row.transmit, row.total))) for row in (*rows, summed)]
    print_table(
        TextTable(f"Applications now, {scope_text(view.scope)}", ("Application", *COLUMNS), cells),
        way_notes(answer.backend, answer.limits),
    )


def _draw(screen: Screen, fetch: Callable[[], LiveApplications], view: TopView, repetition: Repetition) -> None:
    """Draw the screen until a key ends it, or so many were drawn."""
    answer, due, drawn = fetch(), time.monotonic() + repetition.interval, 1
    while True:
        screen.draw(top_lines(answer, view, screen.size))
        keys = screen.keys(max(due - time.monotonic(), 0))
        if keys is None:
            if drawn == repetition.screens:
                return
            answer, due, drawn = fetch(), time.monotonic() + repetition.interval, drawn + 1
        elif "q" in keys:
            return
        else:
            for key in keys:
                view = view.after(key, scopes_of(answer))
