"""SIGTERM as an exception, so that temporary files are removed."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

EXIT_CODE = 143


@contextlib.contextmanager
def clean_termination() -> Iterator[None]:
    """A context in which SIGTERM raises SystemExit."""
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(EXIT_CODE)
