"""The application meter over a source in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.samples import MeterError
from exporter.meters.applications.meter import ApplicationMeter
from exporter.meters.applications.owners import CommandNamer
from exporter.meters.applications.store import ApplicationStore
from exporter.meters.applications.traffic import Backend, Owner, Traffic
from reports.ledger.shape import APPLICATION, INTERNET
from tests.meters.worlds import Metered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.metering.samples import Meter
    from tests.worlds.fake_machine import Machine


class FakeSource:
    """Reads what a test moves; as of the kernel's maps, nothing is read twice."""

    is_quick = True

    def __init__(self) -> None:
        self.backend = Backend("ebpf")
        self.problem = ""
        self.lost_events = 0
        self.waiting: list[Traffic] = []
        self.is_closed = False

    def move(
        self, command: str, received: int, transmitted: int = 0, *, scope: str = INTERNET, protocol: str = "tcp"
    ) -> None:
        self.waiting.append(Traffic(Owner(command), scope, protocol, received, transmitted, 1, 1))

    def read(self) -> Sequence[Traffic]:
        if self.problem:
            raise MeterError(self.problem)
        taken, self.waiting = self.waiting, []
        return taken

    def refresh(self) -> None:
        """Nothing is slow."""

    def close(self) -> None:
        self.is_closed = True


def applications(source: FakeSource, machine: Machine, most: int = 100) -> Metered:
    """The application meter; every start is one of a new process."""

    def fail(problem: str) -> None:
        source.problem = problem

    def build() -> Meter:
        return ApplicationMeter(source=source, namer=CommandNamer(), most=most, since=machine.now().elapsed)

    return Metered(APPLICATION, ApplicationStore, build, source.move, lambda _: None, fail)
