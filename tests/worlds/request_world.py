"""A ledger with the request meter, driven as a service drives it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from exporter.meters.requests.events import Batch, Event
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.meter import RequestMeter
from exporter.meters.requests.privacy import ClientPrivacy
from exporter.meters.requests.state import requests_of
from exporter.meters.requests.store import RequestStore
from reports.ledger.shape import ALL, REQUEST
from reports.ledger.sketches import decoded
from tests.meters.worlds import Metered, MeterWorld, interfaces

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.metering.samples import Meter
    from exporter.meters.requests.settings import Privacy
    from exporter.meters.requests.state import RequestsState
    from tests.worlds.fake_machine import Machine

MERGE_SECONDS = 5


class RequestWorld(MeterWorld):
    """A ledger, the interface meter beside the request meter, and an intake that ends with its process."""

    def __init__(self, machine: Machine, path: Path, template: Path) -> None:
        self.intake, self.unlogged = Intake(), set[str]()
        self.privacy: Privacy = "network"
        metered = Metered(REQUEST, RequestStore, self._build, lambda *_: None, lambda _: None, lambda _: None)
        super().__init__(machine, path, template, [interfaces(machine), metered])

    def _build(self) -> Meter:
        self.intake.has_log = lambda service: service not in self.unlogged
        self.intake.privacy = ClientPrivacy(self.privacy, {})
        return RequestMeter(self.intake, MERGE_SECONDS, self.zone)

    def kill(self) -> None:
        """kill -9, and a new process."""
        self.crash()
        self.intake = Intake()
        self.start()

    def give(self, *events: Event, id: str = "") -> None:  # noqa: A002 - as a batch calls it
        """Have events taken in."""
        self.intake.add_soon(Batch(events, service=events[0].service, id=id))

    def commit_alone(self) -> None:
        """A posting of the request meter alone."""
        self.sampler.sample_only(REQUEST.name)
        posting = self.sampler.take({REQUEST.name})
        assert posting is not None
        self.writer.post(posting)
        self.sampler.note_posted()

    def sums(self, grain: str = "day") -> Counter[tuple[str, ...]]:
        """Requests by subject."""
        query = f"SELECT service, method, route, code, sum(requests) FROM request_by_{grain} GROUP BY 1, 2, 3, 4"  # noqa: S608
        return +Counter({tuple(key): requests for *key, requests in self.rows(query)})

    def timed(self, grain: str, code: str = ALL) -> int:
        """Times in the sketches of routes."""
        query = f"SELECT duration_sketch FROM request_by_{grain} WHERE code = ? AND method <> ?"  # noqa: S608
        return sum(sum(decoded(sketch).values()) for (sketch,) in self.rows(query, code, ALL))

    @property
    def state(self) -> RequestsState:
        """What the meter shows."""
        assert self.sampler.snapshot is not None
        found = requests_of(self.sampler.snapshot)
        assert found is not None
        return found
