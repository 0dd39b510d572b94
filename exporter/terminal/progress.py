"""A progress bar on standard error, for commands that take longer than a second."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
DELAY_SECONDS = 1.0
"""A shorter command shows no bar."""


@contextlib.contextmanager
def progress(title: str, total: float, delay_seconds: float = DELAY_SECONDS) -> Iterator[Callable[[float], None]]:
    """A function that takes the amount done; after the delay it draws a bar where standard error is a terminal."""
    began, bars = time.monotonic(), contextlib.ExitStack()
    drawn: list[Callable[[float], None]] = []

    def advance(done: float) -> None:
        if not drawn and sys.stderr.isatty() and time.monotonic() - began >= delay_seconds:
            drawn.append(_open_bar(title, total, bars))
        for bar in drawn:
            bar(done)

    with bars:
        yield advance


@contextlib.contextmanager
def with_progress(
    title: str, items: Iterable[Item], total: int, delay_seconds: float = DELAY_SECONDS
) -> Iterator[Iterator[Item]]:
    """The items, with a bar of how many of them are done."""
    with progress(title, total, delay_seconds) as advance:
        yield _advancing(items, advance)


def _advancing(items: Iterable[Item], advance: Callable[[float], None]) -> Iterator[Item]:
    for number, item in enumerate(items, start=1):
        yield item
        advance(number)


def _open_bar(title: str, total: float, bars: contextlib.ExitStack) -> Callable[[float], None]:
    from exporter.terminal.drawing import open_bar  # noqa: PLC0415 - rich costs 20 ms, and only a long command draws

    return open_bar(title, total, bars)
