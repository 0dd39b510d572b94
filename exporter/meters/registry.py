"""Every meter of this netledger: the only list of them."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.kind import APPLICATIONS
from exporter.meters.interfaces.kind import INTERFACES
from exporter.meters.requests.kind import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.metering.samples import Meter, MeterStore
    from exporter.meters.kinds import MeterEnvironment, MeterKind, MeterSource
    from exporter.settings.tree import Settings


METERS: Sequence[MeterKind] = (INTERFACES, APPLICATIONS, REQUESTS)


def new_stores(meters: Sequence[MeterKind] = METERS) -> tuple[MeterStore, ...]:
    """A store of each meter, for one writer."""
    return tuple(kind.store() for kind in meters)


class OpenedMeter(NamedTuple):
    """A meter, and what it reads; that stays open while services follow each other in a process."""

    kind: MeterKind
    source: MeterSource

    def build(self, environment: MeterEnvironment) -> Meter:
        """The meter over its source."""
        return self.kind.build(self.source, environment)


@contextmanager
def open_meters(settings: Settings, kinds: Sequence[MeterKind] = METERS) -> Iterator[Sequence[OpenedMeter]]:
    """Open what every meter reads; raises MeterError where one has nothing to read on this machine."""
    with ExitStack() as stack:
        yield [OpenedMeter(kind, stack.enter_context(closing(kind.open(settings)))) for kind in kinds]
