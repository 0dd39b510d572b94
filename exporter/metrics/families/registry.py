"""All families that /metrics tells, in the order of the page."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from exporter.meters.interfaces.families import INTERFACE_TABLES
from exporter.meters.interfaces.period_families import period_tables, told_of
from exporter.metrics.families.ledger import COMMIT_DURATIONS, LEDGER_TABLES
from exporter.metrics.families.plan import PLAN_TABLES
from exporter.metrics.families.runtime import runtime_families
from exporter.metrics.families.service import SERVICE_TABLES, Build, build_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.meters.interfaces.state import InterfaceState
    from exporter.metrics.tables import HistoryTable, Source, Table

THIS_BUILD = Build()


class Families(NamedTuple):
    """What is told: tables, sources whose families do not fit into one."""

    tables: tuple[Table[Any] | HistoryTable, ...]
    sources: tuple[Source, ...]


def families(
    *, history: Literal["counted", "all"] = "counted", process: bool = True, build: Build = THIS_BUILD
) -> Families:
    """The families by settings: whose history is told, and whether the process tells of itself."""
    is_told: Callable[[InterfaceState], bool] = _everyone if history == "all" else attrgetter("is_counted")
    told = told_of(is_told)
    service = (*SERVICE_TABLES, *LEDGER_TABLES, build_table(build))
    tables = (*INTERFACE_TABLES, *period_tables(told), *PLAN_TABLES, *service)
    return Families(tables, (COMMIT_DURATIONS, runtime_families()) if process else (COMMIT_DURATIONS,))


def _everyone(_: InterfaceState) -> bool:
    return True
