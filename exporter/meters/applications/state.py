"""What the application meter shows: how it measures, and every named application now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.traffic import KERNEL, OVERFLOW, SHORT_LIVED, UNKNOWN, Backend
from reports.ledger.shape import APPLICATION, GONE, OTHER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.snapshots import Snapshot

NO_BACKEND = "none"
"""The backend where no way of measuring works, or none is to be used."""

HIDDEN = "(hidden)"
"""Applications that the settings hide."""

SPECIALS = frozenset({UNKNOWN, KERNEL, OVERFLOW, SHORT_LIVED, HIDDEN, OTHER, GONE})
"""Names that stand for no single application; they need no room among the named ones."""


class ApplicationUsage(NamedTuple):
    """One application, scope and protocol: its counters of /metrics (the spec's sums)."""

    application: str
    scope: str
    protocol: str
    exposed: tuple[int, ...]


class ApplicationRate(NamedTuple):
    """Bytes per second that one application received and transmitted in one scope over the last second or more."""

    application: str
    scope: str
    receive: int
    transmit: int


class ApplicationsState(NamedTuple):
    """All named applications and the special ones.

    `counted_by_scope` are bytes received and transmitted since the service started that an interface has counted, too:
    without loopback, and without what went through a tunnel. `rates` are those of moving applications, fastest first.
    """

    backend: Backend = Backend(NO_BACKEND)
    usage: tuple[ApplicationUsage, ...] = ()
    rates: tuple[ApplicationRate, ...] = ()
    counted_by_scope: Mapping[str, tuple[int, int]] = {}
    lost_events: int = 0
    read_seconds: float = 0.0

    @property
    def counted(self) -> tuple[int, int]:
        """Those of all scopes."""
        pairs = self.counted_by_scope.values()
        return sum(receive for receive, _ in pairs), sum(transmit for _, transmit in pairs)


def applications_of(snapshot: Snapshot) -> ApplicationsState | None:
    """The application meter's state of a snapshot; None where the service has no such meter."""
    view = snapshot.meters.get(APPLICATION.name)
    return view.state if view is not None and isinstance(view.state, ApplicationsState) else None
