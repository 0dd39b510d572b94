"""What moved while speeds were shown: seconds, bytes, and the average and highest speed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from exporter.session.client import ServiceError
from exporter.terminal.amounts import bytes_text, chosen_style, speed_text
from exporter.terminal.printing import TextTable, print_table
from reports.text.amounts import average_speed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.client import ServiceClient

SIDES = ("bytes_received", "bytes_sent", "total_bytes")


class Moved(NamedTuple):
    """Bytes received, sent and both in some seconds, and the highest speeds (bytes per second)."""

    seconds: float
    bytes: tuple[int, ...]
    highest: tuple[int, ...]

    @property
    def averages(self) -> tuple[int, ...]:
        """Bytes per second."""
        return tuple(average_speed(amount, self.seconds) or 0 for amount in self.bytes)

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "seconds": round(self.seconds, 3),
            **dict(zip(SIDES, self.bytes, strict=True)),
            **{f"average_{side}_per_second": speed for side, speed in zip(SIDES, self.averages, strict=True)},
            **{f"highest_{side}_per_second": speed for side, speed in zip(SIDES, self.highest, strict=True)},
        }

    def print(self) -> None:
        """Print it as a table."""
        rows = [
            ("Moved", *map(bytes_text, self.bytes)),
            ("Average", *map(speed_text, self.averages)),
            ("Highest", *map(speed_text, self.highest)),
        ]
        print_table(
            TextTable(
                f"In {chosen_style().number(f'{self.seconds:.1f}')} seconds", ("", "Received", "Sent", "Total"), rows
            )
        )


class MovedMeasure:
    """Measures what moves from now on: bytes are those of the service's sums, not of speeds."""

    def __init__(self, client: ServiceClient, interfaces: Sequence[str]) -> None:
        """Begin now."""
        query = urlencode([("interface", name) for name in interfaces])
        self._client, self._path = client, f"/api/summary?{query}".rstrip("?")
        self._began = time.monotonic()
        try:
            self._first: tuple[int, ...] | ServiceError = self._sums()
        except ServiceError as error:
            self._first = error
        self._highest = (0, 0, 0)

    def add(self, speeds: dict[str, Any]) -> None:
        """One answer of `/api/live`."""
        now = tuple(speeds[side] for side in SIDES)
        self._highest = (max(self._highest[0], now[0]), max(self._highest[1], now[1]), max(self._highest[2], now[2]))

    def moved(self) -> Moved:
        """What moved until now; raises ServiceError, also of the begin."""
        if isinstance(self._first, ServiceError):
            raise self._first
        sums = self._sums()
        seconds = time.monotonic() - self._began
        moved = tuple(last - first for first, last in zip(self._first, sums, strict=True))
        return Moved(seconds, moved, self._highest)

    def _sums(self) -> tuple[int, ...]:
        answer = self._client.get(self._path)
        return tuple(answer[side] for side in SIDES)
