"""What a meter is made of: its source, its store, the meter over it, its metric families."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from exporter.metering.clock import Clock
    from exporter.metering.samples import Meter, MeterStore
    from exporter.metrics.families.registry import MeterTable
    from exporter.settings.tree import Settings
    from reports.ledger.shape import MeterSpec


class MeterSource(Protocol):
    """What a meter reads; opened once a process, and kept while services follow each other in it."""

    def close(self) -> None:
        """Release what is held open."""


@runtime_checkable
class MergingSource(Protocol):
    """The source of a meter of events that merges some of what it was given later."""

    is_merge_wanted: bool

    async def merge(self) -> None:
        """Merge what waits, so that an answer has it."""


class MeterEnvironment(NamedTuple):
    """What a meter is built with.

    `zone` is the ledger's, in which days are cut; `handover` is what the meter before it in this process handed over.
    """

    settings: Settings
    clock: Clock
    zone: ZoneInfo
    count_since_boot: bool = False
    handover: object = None


class MeterKind(NamedTuple):
    """One way of measuring: its spec, its store, what it reads, the meter over that, and its metric families.

    `checks` names the module whose `check(settings, ledger, running)` returns a MeterReport for `netledger doctor`; a
    service does not import it ("": no checks). The ledger is None where it cannot be read; `running` is what the
    running service has of the meter in /api/health, None without; no state of a machine raises.
    """

    spec: MeterSpec
    store: Callable[[], MeterStore]
    open: Callable[[Settings], MeterSource]
    build: Callable[[MeterSource, MeterEnvironment], Meter]
    tables: Callable[[Settings], Sequence[MeterTable]]
    checks: str = ""
