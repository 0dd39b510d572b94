"""Tasks that do their work again and again."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


def every(
    seconds: float | Callable[[], float],
    work: Callable[..., Awaitable[Any]],
    *arguments: object,
    at_once: bool = False,
) -> asyncio.Task[None]:
    """A task that does the work every so many seconds; what fails is logged, and tried again at the next turn."""
    interval = seconds if callable(seconds) else lambda: seconds

    async def turn() -> None:
        if not at_once:
            await asyncio.sleep(interval())
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                await work(*arguments)
            except Exception:  # the outermost loop of a task: one bad turn must not end all later ones
                log.exception("a turn of %s failed", getattr(work, "__qualname__", work))
            due = max(due + interval(), loop.time())
            await asyncio.sleep(due - loop.time())

    return asyncio.create_task(turn())
