"""Requests to netledger itself: its own middleware counts them, and they go straight to the intake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.meters.requests.events import LONGEST_DURATION, METHODS, OTHER_METHOD, Batch, Event
from netledger_client.aiohttp import request_middleware
from netledger_client.reporting import Recorder
from reports.ledger.shape import OTHER, OWN_SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from aiohttp.typedefs import Middleware

    from exporter.meters.requests.intake import Intake
    from netledger_client.events import RequestEvent

MOST_COLLECTED = 1000
"""Requests that are collected for one batch: added up one by one, each takes four times as long."""


class OwnRequests(Recorder):
    """Gives the intake what the middleware records: with a route of the table, and nothing of who asked."""

    def __init__(self, intake: Intake, now: Callable[[], float]) -> None:
        """`now` is the service's clock, in UTC seconds."""
        self._intake, self._now = intake, now
        self._collected: list[Event] = []
        intake.on_take = self._give

    def add(self, event: RequestEvent) -> None:
        """Count it with the next commit."""
        counted = Event(
            OWN_SERVICE,
            int(self._now() * 1_000_000),
            event.method if event.method in METHODS else OTHER_METHOD,
            event.route or OTHER,
            event.code,
            min(int(event.seconds * 1_000_000), LONGEST_DURATION),
            event.request_bytes,
            event.response_bytes,
        )
        self._collected.append(counted)
        if len(self._collected) >= MOST_COLLECTED:
            # Services share what may wait for a commit: so many ask for one.
            self._give()
            self._intake.on_wanted()

    def _give(self) -> None:
        if self._collected:
            events, self._collected = self._collected, []
            self._intake.add_soon(Batch(events, service=OWN_SERVICE))


def own_requests(intake: Intake, now: Callable[[], float]) -> Middleware:
    """The middleware for netledger's own server."""
    return request_middleware(recorder=OwnRequests(intake, now), client=_nobody)


def _nobody(_request: web.Request) -> str:
    return ""
