"""Requests per second of each service, of those that were reported within the last minute."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.meters.requests.tally import CellKey

WINDOW_SECONDS = 60
"""Histograms of OpenTelemetry come once a minute: a shorter window would show them as bursts."""


class RequestRates:
    """Requests of a window by service, by the second in which they were reported."""

    def __init__(self) -> None:
        """Begin with none."""
        self._seconds: deque[tuple[int, dict[str, int]]] = deque()
        self._sums: dict[str, int] = {}
        self._began = self._now = 0

    def turn_to(self, steady: int) -> None:
        """Go on to an instant of the steady clock (nanoseconds), and drop what is too old."""
        self._now = steady // SECOND
        self._began = self._began or self._now
        while self._seconds and self._seconds[0][0] <= self._now - WINDOW_SECONDS:
            for service, requests in self._seconds.popleft()[1].items():
                self._sums[service] -= requests
                if not self._sums[service]:
                    del self._sums[service]

    def add(self, cells: Mapping[CellKey, list[int]], slot: int) -> None:
        """Add what was reported at this instant; what was asked before the slot (a number) is no request of now."""
        if not cells:
            return
        if not self._seconds or self._seconds[-1][0] != self._now:
            self._seconds.append((self._now, {}))
        counts = self._seconds[-1][1]
        for (at, service, *_), cell in cells.items():
            if at >= slot:
                counts[service] = counts.get(service, 0) + cell[0]
                self._sums[service] = self._sums.get(service, 0) + cell[0]

    def by_service(self) -> dict[str, float]:
        """Requests per second of each service that had one; of a young meter, since it began."""
        passed = min(max(self._now - self._began, 1), WINDOW_SECONDS)
        return {service: requests / passed for service, requests in self._sums.items()}
