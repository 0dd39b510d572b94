"""Refusals: spans and data points that are not counted, and why the first one is not."""

from __future__ import annotations

DAY = 86_400 * 1_000_000
LATE = 900 * 1_000_000
"""Microseconds: what is older goes into a slot that has ended."""


class RefusedPointError(Exception):
    """A span or data point cannot be counted; the text names field, value and rule."""


class Refusals:
    """How many were refused, and the first fault; how many are late."""

    def __init__(self) -> None:
        """None yet."""
        self.number = self.late = 0
        self.fault = ""

    def add(self, fault: str, number: int = 1) -> None:
        """Count some of the same fault."""
        self.fault = self.fault or fault
        self.number += number

    def include(self, other: Refusals) -> None:
        """Count those of another part of the same body."""
        self.add(other.fault, other.number)
        self.late += other.late

    def counted_at(self, field: str, nanoseconds: int, now: int) -> int:
        """When it is counted, in UTC microseconds: what is ahead of `now` is counted now.

        Raises RefusedPointError for what is more than a day off.
        """
        at = nanoseconds // 1000
        age = now - at
        if not -DAY <= age <= DAY:
            raise RefusedPointError(f"{field}: {nanoseconds} is more than a day from now")
        self.late += age > LATE
        return min(at, now)
