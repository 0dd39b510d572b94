"""Monitors over HTTP."""

from __future__ import annotations

from exporter.meters.requests.monitors.answers import monitor_answers
from exporter.meters.requests.state import requests_of
from exporter.web.http.queries import NoQuery
from exporter.web.http.routes import LedgerRequest, Routes
from reports.formats.json import monitors as shapes

routes = Routes()


@routes.question("/api/requests/monitors", "Monitors: up or down, the newest check, uptime")
def request_monitors(request: LedgerRequest, _query: NoQuery) -> shapes.Monitors:
    """How each monitor of the settings stands, and its uptime of 24 hours and of 30 days."""
    state = requests_of(request.snapshot)
    own = request.key_service
    monitors = [each for each in request.service.settings.requests.monitors if own in {None, each.name}]
    statuses = {} if state is None else state.monitors
    return shapes.Monitors(monitors=monitor_answers(request.ledger, monitors, request.now, statuses))
