"""All metric families, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from exporter.metrics.families.ledger import COMMIT_DURATIONS, LEDGER_TABLES
from exporter.metrics.families.mirror import MIRROR_TABLES
from exporter.metrics.families.plan import PLAN_TABLES
from exporter.metrics.families.plan_machine import PLAN_MACHINE_TABLES
from exporter.metrics.families.runtime import runtime_families
from exporter.metrics.families.service import SERVICE_TABLES, Build, build_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.metrics.tables import HistogramTable, HistoryTable, Source, Table

MeterTable: TypeAlias = "Table[Any] | HistoryTable | HistogramTable"
"""A table of families that a meter brings."""

THIS_BUILD = Build()


class Families(NamedTuple):
    """Tables, and sources whose families do not fit into one."""

    tables: tuple[MeterTable, ...]
    sources: tuple[Source, ...]


def families(meters: Iterable[MeterTable], *, process: bool = True, build: Build = THIS_BUILD) -> Families:
    """The families: of the meters, then of plans, the service and its mirror; with `process`, of the process, too."""
    tables = (
        *meters,
        *PLAN_TABLES,
        *PLAN_MACHINE_TABLES,
        *SERVICE_TABLES,
        *LEDGER_TABLES,
        *MIRROR_TABLES,
        build_table(build),
    )
    return Families(tables, (COMMIT_DURATIONS, runtime_families()) if process else (COMMIT_DURATIONS,))
