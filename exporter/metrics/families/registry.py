"""All families that /metrics tells, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.meters.interfaces.families import INTERFACE_TABLES
from exporter.meters.interfaces.machine_families import MACHINE_TABLES
from exporter.meters.interfaces.period_families import period_tables
from exporter.metrics.families.ledger import COMMIT_DURATIONS, LEDGER_TABLES
from exporter.metrics.families.plan import PLAN_TABLES
from exporter.metrics.families.runtime import runtime_families
from exporter.metrics.families.service import SERVICE_TABLES, Build, build_table
from reports.calendar.history_length import HistoryLength

if TYPE_CHECKING:
    from exporter.metrics.tables import HistoryTable, Source, Table

THIS_BUILD = Build()
ALL_DAYS = HistoryLength()


class Families(NamedTuple):
    """Tables, and sources whose families do not fit into one."""

    tables: tuple[Table[Any] | HistoryTable, ...]
    sources: tuple[Source, ...]


def families(*, history: HistoryLength = ALL_DAYS, process: bool = True, build: Build = THIS_BUILD) -> Families:
    """The families by settings: how much history there is, and whether the process has families."""
    service = (*SERVICE_TABLES, *LEDGER_TABLES, build_table(build))
    tables = (*INTERFACE_TABLES, *MACHINE_TABLES, *period_tables(history), *PLAN_TABLES, *service)
    return Families(tables, (COMMIT_DURATIONS, runtime_families()) if process else (COMMIT_DURATIONS,))
