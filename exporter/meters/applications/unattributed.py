"""The family of what interfaces have counted and no application has: one of two meters, out of one snapshot."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.snapshots import HasMachineBytes
from exporter.meters.applications.families import NOTHING, measured
from exporter.metrics.tables import Column, Labels, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.metering.snapshots import Snapshot
    from exporter.metrics.state import MetricsState


class DirectionBytes(NamedTuple):
    """Bytes of one direction."""

    direction: str
    bytes: int


class Unattributed:
    """The highest difference so far between what counted interfaces and applications moved, since the first scrape.

    The difference itself may fall: bytes between namespaces of this machine are attributed and pass no counted
    interface. A counter must not.
    """

    def __init__(self) -> None:
        """Nothing is compared yet."""
        self._last: tuple[int, ...] | None = None
        self._difference, self._highest = [0, 0], [0, 0]

    def rows(self, state: MetricsState) -> Sequence[DirectionBytes]:
        """Both directions; none while one of the meters fails."""
        shown, machine = measured(state), _machine_bytes(state.snapshot)
        if shown is NOTHING or machine is None:
            return ()
        attributed = shown.counted
        last, self._last = self._last, (*machine, *attributed)
        if last is not None:
            for side in (0, 1):
                # After a restore the machine's counter begins again.
                moved = max(machine[side] - last[side], 0)
                self._difference[side] += moved - (attributed[side] - last[2 + side])
                self._highest[side] = max(self._highest[side], self._difference[side])
        receive, transmit = self._highest
        return (DirectionBytes("receive", receive), DirectionBytes("transmit", transmit))


def _machine_bytes(snapshot: Snapshot) -> tuple[int, int] | None:
    for view in snapshot.meters.values():
        if isinstance(view.state, HasMachineBytes):
            return view.state.machine_exposed if view.health.is_up else None
    return None


def _direction(row: DirectionBytes) -> Labels:
    return (row.direction,)


def unattributed_table() -> Table[DirectionBytes]:
    """The family of one service."""
    return Table(
        ("direction",),
        Unattributed().rows,
        _direction,
        (
            Column(
                "netledger_application_unattributed_bytes_total",
                "counter",
                "Bytes that counted interfaces moved and no application, since the first scrape of the service.",
                attrgetter("bytes"),
            ),
        ),
    )
