"""The clocks that a sample needs; a parameter everywhere, so that tests can turn them."""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol

SECOND = 1_000_000_000
"""Nanoseconds in a second: instants are integers of nanoseconds."""


class Instant(NamedTuple):
    """One moment on three clocks, in nanoseconds.

    `wall` is UTC since 1970 and may be set by anybody; `elapsed` never steps and runs through suspend
    (CLOCK_BOOTTIME); `awake` never steps and stands still in suspend (CLOCK_MONOTONIC).
    """

    wall: int
    elapsed: int
    awake: int


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Instant:
        """Read all clocks at once."""


class SystemClock:
    """The machine's own clocks; where CLOCK_BOOTTIME is missing, the monotonic clock serves for both."""

    def __init__(self) -> None:
        """Find the clock that runs through suspend."""
        self._elapsed_clock = getattr(time, "CLOCK_BOOTTIME", None)

    def now(self) -> Instant:
        """Read all clocks at once."""
        awake = time.monotonic_ns()
        elapsed = awake if self._elapsed_clock is None else time.clock_gettime_ns(self._elapsed_clock)
        return Instant(wall=time.time_ns(), elapsed=elapsed, awake=awake)
