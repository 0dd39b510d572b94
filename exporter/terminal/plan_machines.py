"""The machines that share a plan, as a command prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.terminal.amounts import bytes_text, percent_text
from exporter.terminal.dates import time_text
from reports.text.amounts import human_duration

if TYPE_CHECKING:
    from reports.formats.json.plans import PlanAnswer, PlanMachine

MOST_ROWS = 12
OLD_SECONDS = 300
"""Data of a machine that is older is said to be."""


def machine_rows(answer: PlanAnswer) -> list[tuple[str, str]]:
    """A row for each machine of a shared plan, that with the most bytes first."""
    sharing = answer.sharing
    if not sharing:
        return []
    machines = sharing.machines
    shown = machines if len(machines) <= MOST_ROWS else machines[: MOST_ROWS - 1]
    rows = [("Shared by", "machines that are not known yet" if sharing.read_at is None else str(len(machines)))]
    rows += [(f"  {each.name}", _machine(each)) for each in shown]
    rest = machines[len(shown) :]
    if rest and all(each.used_bytes is not None for each in rest):
        rows.append((f"  {len(rest)} others", bytes_text(sum(each.used_bytes or 0 for each in rest))))
    return rows


def sharing_notes(answer: PlanAnswer) -> list[str]:
    """How old what is known of the other machines is, and why it is no newer."""
    sharing = answer.sharing
    if not sharing:
        return []
    if sharing.read_at is None:
        notes = ["Of this machine alone: the others' bytes are not in it."]
    else:
        notes = [f"The other machines as of {time_text(sharing.read_at)}."]
    return notes + ([f"Not all is known: {sharing.problem.rstrip('.')}."] if sharing.problem else [])


def _machine(machine: PlanMachine) -> str:
    parts = []
    if machine.used_bytes is not None:
        parts += [bytes_text(machine.used_bytes), percent_text((machine.share_percent or 0) / 100)]
    if machine.behind_seconds >= OLD_SECONDS:
        parts.append(f"{human_duration(machine.behind_seconds)} old")
    return ", ".join([*parts, *(["this machine"] if machine.this else [])]) or "up to date"
