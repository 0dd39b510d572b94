"""A screen that is drawn again at intervals, and changes by keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.terminal.screen import Screen, ScreenSize

Shown = TypeVar("Shown")
View = TypeVar("View")


class Repetition(NamedTuple):
    """Seconds between two screens, and how many there are; None: until a key ends it, or one in a pipe."""

    interval: float = 2.0
    screens: int | None = None


class LiveScreen(NamedTuple, Generic[Shown, View]):
    """What is shown: how it is fetched, its lines, and the view after a key."""

    fetch: Callable[[], Shown]
    lines: Callable[[Shown, View, ScreenSize], Sequence[str]]
    after: Callable[[View, str, Shown], View]


def draw_repeatedly(screen: Screen, live: LiveScreen[Shown, View], view: View, repetition: Repetition) -> None:
    """Draw the screen until a key ends it, or so many were drawn."""
    shown, due, drawn = live.fetch(), time.monotonic() + repetition.interval, 1
    while True:
        screen.draw(live.lines(shown, view, screen.size))
        keys = screen.keys(max(due - time.monotonic(), 0))
        if keys is None:
            if drawn == repetition.screens:
                return
            shown, due, drawn = live.fetch(), time.monotonic() + repetition.interval, drawn + 1
        elif "q" in keys:
            return
        else:
            for key in keys:
                view = live.after(view, key, shown)
