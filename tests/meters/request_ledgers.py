"""A ledger of requests to ask questions of: events are posted by the request meter, as a service's are."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_read
from exporter.meters.requests.intake import Intake
from reports.ledger.reader import LedgerReader
from tests.meters.requests import give, requests
from tests.meters.worlds import MeterWorld, interfaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from exporter.meters.requests.events import Event
    from tests.worlds.fake_machine import Machine


class RequestLedger:
    """A ledger with the request meter, beside that of interfaces, which knows the boot."""

    def __init__(self, machine: Machine, path: Path, template: Path) -> None:
        self.machine, self.intake = machine, Intake()
        self.world = MeterWorld(machine, path, template, [interfaces(machine), requests(self.intake, machine)])
        self.world.start()

    def close(self) -> None:
        """As a service that is killed."""
        self.world.crash()

    @property
    def now(self) -> float:
        """UTC seconds."""
        return float(self.machine.seconds)

    def give(self, events: Iterable[Event]) -> None:
        """Have events posted."""
        give(self.world, self.intake, events)

    @contextlib.contextmanager
    def read(self) -> Iterator[LedgerReader]:
        """The ledger at one moment."""
        with (
            contextlib.closing(connect_to_read(self.world.path)) as connection,
            LedgerReader(connection).at_one_moment() as ledger,
        ):
            yield ledger
