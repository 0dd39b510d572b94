"""The application meter as a kind of meter: its source, its store, its settings, its metric families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.meters.applications.families import APPLICATION_TABLES
from exporter.meters.applications.limits import limit_table
from exporter.meters.applications.meter import ApplicationHandover, ApplicationMeter
from exporter.meters.applications.names.namer import make_namer
from exporter.meters.applications.sources import ChosenSource
from exporter.meters.applications.store import ApplicationStore
from exporter.meters.applications.unattributed import unattributed_table
from exporter.meters.kinds import MeterKind
from reports.ledger.shape import APPLICATION

if TYPE_CHECKING:
    from exporter.meters.kinds import MeterEnvironment
    from exporter.metrics.families.registry import MeterTable
    from exporter.settings.tree import Settings


def build(source: Any, environment: MeterEnvironment) -> ApplicationMeter:
    """The application meter over a source, by the settings."""
    handover = environment.handover
    return ApplicationMeter(
        source=source.follow(environment.settings) if isinstance(source, ChosenSource) else source,
        namer=make_namer(environment.settings),
        most=environment.settings.applications.most,
        since=handover.sampled if isinstance(handover, ApplicationHandover) else environment.clock.now().elapsed,
    )


def tables(settings: Settings) -> tuple[MeterTable, ...]:
    """The metric families of applications."""
    return (*APPLICATION_TABLES, unattributed_table(), limit_table(settings.applications.limits))


APPLICATIONS = MeterKind(
    APPLICATION, ApplicationStore, ChosenSource, build, tables, checks="exporter.meters.applications.checks"
)
