"""Interfaces over HTTP: each with its usage, and its link and speed now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.meters.interfaces.state import interfaces_of
from exporter.web.http.grafana import LinkContext
from exporter.web.http.queries import NoQuery
from exporter.web.http.routes import LedgerRequest, Routes
from reports.calendar.days import iso
from reports.formats.json import usage as shapes
from reports.formats.shapes import usage_of
from reports.ledger.reader import NO_BYTES, Bytes
from reports.usage import usage

if TYPE_CHECKING:
    from exporter.meters.interfaces.state import InterfaceState

routes = Routes()


@routes.question("/api/interfaces", "Interfaces and their usage", link=LinkContext.interfaces)
def interfaces(request: LedgerRequest, _query: NoQuery) -> shapes.Interfaces:
    """Every interface that was ever metered, with today, lifetime and, if it is there, its link and speed now."""
    ledger, snapshot = request.ledger, request.snapshot
    states = {state.name: state for state in interfaces_of(snapshot).interfaces}
    period = usage.today(ledger, request.now).period
    used = ledger.days_by_interface(period.first, period.last)
    last_seen = iso(snapshot.taken.wall / SECOND, ledger.zone)
    rows = [
        shapes.interface(held, used.get(held.device, NO_BYTES), ledger.zone, ledger.aliases)
        for held in ledger.interfaces()
    ]
    return shapes.Interfaces(interfaces=[_with_link(row, states.get(row.interface), last_seen) for row in rows])


def _with_link(row: shapes.InterfaceUsage, state: InterfaceState | None, last_seen: str) -> shapes.InterfaceUsage:
    """Add what the ledger may not hold yet: whether the interface counts, and that it is there; and its link."""
    if state is None:
        return row
    row.counted = state.is_counted
    if state.link is None:
        return row
    row.last_seen = last_seen
    row.up, row.kind, row.live = (
        state.link.is_up,
        state.link.kind,
        usage_of(Bytes(state.rates.receive, state.rates.transmit)),
    )
    if state.link.speed is not None:
        row.speed_bytes_per_second = state.link.speed
    return row
