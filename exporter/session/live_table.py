"""Applications now: as JSON, as a table in a pipe, or as a screen that is drawn again and reads keys."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING

from exporter.session.live_applications import (
    ApplicationSpeed,
    live_applications,
    require_scope,
    scopes_of,
    speeds,
    way_notes,
)
from exporter.session.live_screen import LiveScreen, Repetition, draw_repeatedly
from exporter.session.top_view import COLUMNS, TopView, scope_text, top_lines
from exporter.terminal.amounts import speed_text
from exporter.terminal.printing import TextTable, print_json, print_table
from exporter.terminal.screen import has_screen, open_screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.session.client import ServiceClient
    from reports.formats.json.live import LiveApplications


def show_applications(client: ServiceClient, view: TopView, repetition: Repetition, *, as_json: bool) -> None:
    """Show what the service measures, until it is enough."""
    fetch = partial(live_applications, client)
    first = fetch()
    require_scope(first, view.scope)
    if not as_json and has_screen():
        with contextlib.suppress(KeyboardInterrupt), open_screen() as screen:
            draw_repeatedly(screen, LiveScreen(fetch, top_lines, _after), view, repetition)
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


def _after(view: TopView, key: str, answer: LiveApplications) -> TopView:
    return view.after(key, scopes_of(answer))


def _print(answer: LiveApplications, view: TopView) -> None:
    rows = speeds(answer, view.scope, view.sort)
    summed = ApplicationSpeed("TOTAL", sum(row.receive for row in rows), sum(row.transmit for row in rows))
    cells = [(row.name, *map(speed_text, (row.receive, row.transmit, row.total))) for row in (*rows, summed)]
    print_table(
        TextTable(f"Applications now, {scope_text(view.scope)}", ("Application", *COLUMNS), cells),
        way_notes(answer.backend, answer.limits),
    )
