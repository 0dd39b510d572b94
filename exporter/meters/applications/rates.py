"""Speeds of applications by scope over the last second or more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.meters.applications.state import ApplicationRate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.samples import SampleInterval

SHORTEST_SECONDS = 0.9
"""As for interfaces: rates over less time show the clockwork of network cards, not the traffic."""


class Rates:
    """Adds up bytes by application and scope until there is time enough for a rate."""

    def __init__(self) -> None:
        """Nothing moves yet."""
        self.fastest: tuple[ApplicationRate, ...] = ()
        self._moved: dict[tuple[str, str], tuple[int, int]] = {}
        self._measured: int | None = None

    def add(self, usage: Mapping[tuple[str, str, str], tuple[int, ...]], interval: SampleInterval) -> None:
        """Add what was moved in an interval; after a gap, measuring begins anew."""
        if self._measured is None or interval.gap:
            self._begin(interval)
            self.fastest = ()
            return
        for (name, scope, _), amounts in usage.items():
            receive, transmit = self._moved.get((name, scope), (0, 0))
            self._moved[name, scope] = (receive + amounts[0], transmit + amounts[1])
        seconds = (interval.steady - self._measured) / SECOND
        if seconds >= SHORTEST_SECONDS:
            rates = (ApplicationRate(*key, *_per_second(moved, seconds)) for key, moved in self._moved.items())
            self.fastest = tuple(sorted(rates, key=_speed, reverse=True))
            self._begin(interval)

    def _begin(self, interval: SampleInterval) -> None:
        self._measured, self._moved = interval.steady, {}


def _per_second(moved: tuple[int, int], seconds: float) -> tuple[int, int]:
    return round(moved[0] / seconds), round(moved[1] / seconds)


def _speed(rate: ApplicationRate) -> int:
    return rate.receive + rate.transmit
