"""The request meter under contract, and requests made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.meters.requests.events import Batch, Event
from exporter.meters.requests.meter import RequestMeter
from exporter.meters.requests.store import RequestStore
from reports.ledger.shape import REQUEST
from tests.meters.worlds import Metered, MeterWorld

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.metering.samples import Meter
    from exporter.meters.requests.intake import Intake
    from tests.worlds.fake_machine import Machine


def event(at: int, **parts: Any) -> Event:
    """A request at an instant (UTC seconds); `parts` are fields of Event that differ from the usual."""
    usual = {"service": "shop", "method": "GET", "route": "/items/{id}", "code": 200, "duration": 1000}
    return Event(at=at * 1_000_000, **{**usual, **parts})


def requests(intake: Intake, machine: Machine) -> Metered:
    """The request meter; what is moved are bytes of one request to a service of that name."""

    def move(name: str, amount: int) -> None:
        intake.add_soon(Batch([event(machine.seconds, service=name, request_bytes=amount)]))

    def build() -> Meter:
        intake.has_log = lambda _service: True
        return RequestMeter(intake, 0)

    return Metered(REQUEST, RequestStore, build, move, lambda _: None, lambda _: None)


def give(world: MeterWorld, intake: Intake, events: Iterable[Event]) -> None:
    """Have events counted and posted."""
    intake.add_soon(Batch(list(events)))
    world.run()
    world.commit()
