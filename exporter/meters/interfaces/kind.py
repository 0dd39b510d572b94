"""The interface meter as a kind of meter: its reader, its store, its settings, its metric families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.meters.interfaces.counting import CountingRules
from exporter.meters.interfaces.families import INTERFACE_TABLES
from exporter.meters.interfaces.machine_counter import InterfaceHandover
from exporter.meters.interfaces.machine_families import MACHINE_TABLES
from exporter.meters.interfaces.meter import FIRST, InterfaceMeter, InterfaceOptions
from exporter.meters.interfaces.period_families import period_tables
from exporter.meters.interfaces.readers import open_reader
from exporter.meters.interfaces.store import InterfaceStore
from exporter.meters.kinds import MeterKind
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from exporter.meters.kinds import MeterEnvironment
    from exporter.metrics.families.registry import MeterTable
    from exporter.settings.tree import Settings


def build(reader: Any, environment: MeterEnvironment) -> InterfaceMeter:
    """The interface meter over a reader, by the settings."""
    settings = environment.settings
    interfaces = settings.interfaces
    return InterfaceMeter(
        reader=reader,
        clock=environment.clock,
        rules=CountingRules(interfaces.include, interfaces.exclude, interfaces.counted),
        options=InterfaceOptions(
            sample_interval=interfaces.sample_interval,
            count_since_boot=environment.count_since_boot,
            minutes_for_all=settings.ledger.minutes == "all",
        ),
        handover=environment.handover if isinstance(environment.handover, InterfaceHandover) else FIRST,
    )


def tables(settings: Settings) -> tuple[MeterTable, ...]:
    """The metric families of the interfaces and of the machine."""
    return (*INTERFACE_TABLES, *MACHINE_TABLES, *period_tables(settings.metrics.history))


INTERFACES = MeterKind(
    INTERFACE, InterfaceStore, open_reader, build, tables, checks="exporter.meters.interfaces.checks"
)
