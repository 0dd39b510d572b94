"""Families of the machines that share a billing plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metrics.tables import Column, Table
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.metrics.state import MetricsState
    from reports.billing.sharing import Sharing

MOST_MACHINES = 20
"""Machines of a plan with a name; the others with fewer bytes are one."""

MachineUse = tuple[str, str, int]
"""A plan's name, a machine's, and bytes."""

Age = tuple[str, int]


def _machines(state: MetricsState) -> Sequence[MachineUse]:
    return [row for status in state.plans if status.sharing for row in _of_plan(status.plan.name, status.sharing)]


def _of_plan(plan: str, sharing: Sharing) -> Iterator[MachineUse]:
    used = {each.name: each.used for each in sharing.machines if each.used is not None}
    other = used.pop(OTHER, 0)
    names = list(used)[: MOST_MACHINES if len(used) <= MOST_MACHINES and not other else MOST_MACHINES - 1]
    yield from ((plan, name, used[name]) for name in names)
    rest = other + sum(amount for name, amount in used.items() if name not in names)
    if len(names) < len(used) or other:
        yield plan, OTHER, rest


def _ages(state: MetricsState) -> Sequence[Age]:
    return [
        (status.plan.name, status.sharing.behind_seconds(state.now_seconds))
        for status in state.plans
        if status.sharing and status.sharing.read_at is not None
    ]


PLAN_MACHINE_TABLES: tuple[Table[MachineUse] | Table[Age], ...] = (
    Table(
        ("plan", "machine"),
        _machines,
        lambda row: row[:2],
        (
            Column(
                "netledger_plan_machine_used_bytes",
                "gauge",
                "Bytes that a plan which machines share bills of one of them in its current cycle.",
                lambda row: row[2],
            ),
        ),
    ),
    Table(
        ("plan",),
        _ages,
        lambda row: row[:1],
        (
            Column(
                "netledger_plan_behind_seconds",
                "gauge",
                "Age of the newest data of the machine that sent its last before all others that share the plan.",
                lambda row: row[1],
            ),
        ),
    ),
)
