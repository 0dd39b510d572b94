"""What the request meter shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.intake import Figures
from exporter.meters.requests.rates import RequestRates
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.metering.snapshots import Snapshot
    from exporter.meters.requests.monitors.standing import MonitorStatus

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds, of the histogram of /metrics: those that OpenTelemetry advises for http.server.request.duration."""


class RequestsState(NamedTuple):
    """Views of the meter's own figures, to be read on the event loop.

    `sums` are the counters of /metrics (the spec's sums) by (service, method, route, code): what the ledger holds.
    `times` are counts by (service, method, route) of times up to each of BOUNDS and beyond, not added up, and `seconds`
    their sums, since the service started. `clients` are today's different clients by service, `monitors` how monitors
    stand, by name. `rates` are requests per second now.
    """

    sums: Mapping[tuple[str, ...], tuple[int, ...]] = {}
    times: Mapping[tuple[str, str, str], Sequence[int]] = {}
    seconds: Mapping[tuple[str, str, str], float] = {}
    figures: Figures = Figures()
    clients: Mapping[str, int] = {}
    monitors: Mapping[str, MonitorStatus] = {}
    rates: RequestRates = RequestRates()


def requests_of(snapshot: Snapshot) -> RequestsState | None:
    """The request meter's state of a snapshot; None where the service has no such meter."""
    view = snapshot.meters.get(REQUEST.name)
    return view.state if view is not None and isinstance(view.state, RequestsState) else None
