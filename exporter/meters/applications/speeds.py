"""Applications of this moment in the shape of the API, from the meter's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.meters.applications.state import NO_BACKEND, ApplicationsState, applications_of
from reports.formats.json.live import LiveApplication, LiveApplications, bytes_per_second
from reports.ledger.shape import APPLICATION, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.metering.snapshots import Snapshot
    from exporter.meters.applications.state import ApplicationRate


def live_applications(snapshot: Snapshot) -> LiveApplications:
    """Every application that moves, fastest first; none, and the reason, where the meter fails."""
    state = applications_of(snapshot) or ApplicationsState()
    backend, reason, limits = state.backend
    applications, view = _by_name(state.rates), snapshot.meters.get(APPLICATION.name)
    if view is not None and not view.health.is_up:
        applications, reason = [], f"the meter fails: {view.health.error}"
    return LiveApplications(backend=backend, reason=reason, limits=list(limits), applications=applications)


def is_measuring(snapshot: Snapshot) -> bool:
    """Whether the service measures applications."""
    state = applications_of(snapshot)
    return state is not None and state.backend.name != NO_BACKEND


def _by_name(rates: Sequence[ApplicationRate]) -> list[LiveApplication]:
    found: dict[str, list[ApplicationRate]] = {}
    for rate in rates:
        found.setdefault(rate.application, []).append(rate)
    listed = [_application(name, parts) for name, parts in found.items()]
    return sorted(listed, key=lambda each: (-each.total_bytes, each.application))


def _application(name: str, parts: Sequence[ApplicationRate]) -> LiveApplication:
    outside = [part for part in parts if part.scope != LOOPBACK]
    receive, transmit = sum(part.receive for part in outside), sum(part.transmit for part in outside)
    return LiveApplication(
        application=name,
        bytes_received=receive,
        bytes_sent=transmit,
        total_bytes=receive + transmit,
        scopes={part.scope: bytes_per_second(part.receive, part.transmit) for part in parts},
    )
