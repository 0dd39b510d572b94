"""A progress bar on standard error, for whoever waits at a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 1.0
"""How long nobody needs to be told that something is going on."""


@contextlib.contextmanager
def progress(title: str, total: float, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[Callable[[float], None]]:
    """Gives what takes the amount that is done; when it takes longer than that, a terminal is shown a bar."""
    began, bars = time.monotonic(), contextlib.ExitStack()
    shown: list[Callable[[float], None]] = []

    def advance(done: float) -> None:
        if not shown and sys.stderr.isatty() and time.monotonic() - began >= patience_seconds:
            shown.append(_bar(title, total, bars))
        for bar in shown:
            bar(done)

    with bars:
        yield advance


def _bar(title: str, total: float, bars: contextlib.ExitStack) -> Callable[[float], None]:
    from rich.console import Console  # noqa: PLC0415 - 20 ms that only a long wait needs
    from rich.progress import Progress  # noqa: PLC0415

    drawn = bars.enter_context(Progress(console=Console(stderr=True), transient=True))
    task = drawn.add_task(title, total=total)
    return lambda done: drawn.update(task, completed=done)
