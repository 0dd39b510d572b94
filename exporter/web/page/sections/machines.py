"""The machines of a mirror: what each has moved, and when its newest data is from; and of a plan that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.charts.share import Piece, share_bar
from reports.text.amounts import human_bytes, human_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from reports.billing.status import PlanStatus
    from reports.formats.json.hosts import Hosts, HostUsage

MOST_ROWS = 12
NEWEST_SECONDS = 150
"""Data that is as old as two copies of a minute lie apart is of now."""

OLD_SECONDS = 3600
LONGEST_NAME = 20
MOST_NAMED = 3
"""Machines of a plan that have a name in its card."""


class MachineRow(NamedTuple):
    """One machine; `is_old` where its data is older than an hour."""

    name: str
    system: str
    is_this: bool
    today: str
    month: str
    share: str
    bar: Markup
    seen: str
    is_old: bool


class MachinesView(NamedTuple):
    """The busiest machines of the month, and the notes below them."""

    rows: Sequence[MachineRow]
    number: int
    today: str
    month: str
    notes: Sequence[str]


def machines_view(found: Hosts) -> MachinesView:
    """The card of all machines."""
    shown = found.hosts if len(found.hosts) <= MOST_ROWS else found.hosts[: MOST_ROWS - 1]
    rest, notes = found.hosts[len(shown) :], []
    if rest:
        moved = human_bytes(sum(each.month.total_bytes for each in rest))
        notes.append(f"{len(rest)} others have moved {moved} this month.")
    if found.problem:
        others = "are as they were last read" if found.read_at else "are not known yet"
        notes.append(f"The other machines {others}: {found.problem}.")
    largest = max((each.month.total_bytes for each in found.hosts), default=0)
    return MachinesView(
        [_row(each, largest) for each in shown],
        len(found.hosts),
        human_bytes(found.total.today.total_bytes),
        human_bytes(found.total.month.total_bytes),
        notes,
    )


def sharing_line(status: PlanStatus, now: int) -> str:
    """Who shares a plan and how old what is known of them is; empty of a plan of this machine alone."""
    sharing = status.sharing
    if sharing is None:
        return ""
    if sharing.read_at is None:
        return "Shared by machines that are not read yet: of this one alone"
    machines, used = sharing.machines, status.used
    named = [each for each in machines[:MOST_NAMED] if each.used]
    parts = ", ".join(f"{_short(each.name)} {_percent(each.used or 0, used)}" for each in named)
    behind = sharing.behind_seconds(now)
    age = f"; data up to {human_duration(behind)} old" if behind > NEWEST_SECONDS else ""
    return f"Shared by {len(machines)} machines{f': {parts}' if parts else ''}{age}"


def _row(machine: HostUsage, largest: int) -> MachineRow:
    total, behind = machine.month.total_bytes, machine.behind_seconds
    share = f"{machine.share_percent:.1f} %"
    pieces = (
        Piece("receive", machine.month.bytes_received, f"Received {human_bytes(machine.month.bytes_received)}"),
        Piece("transmit", machine.month.bytes_sent, f"Sent {human_bytes(machine.month.bytes_sent)}"),
    )
    return MachineRow(
        name=machine.name,
        system=machine.system,
        is_this=machine.this,
        today=human_bytes(machine.today.total_bytes),
        month=human_bytes(total),
        share=share,
        bar=share_bar(pieces, title=f"{share} of all machines", whole=largest),
        seen="now" if behind <= NEWEST_SECONDS else f"{human_duration(behind)} ago",
        is_old=behind > OLD_SECONDS,
    )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _percent(part: int, whole: int) -> str:
    return f"{(200 * part + whole) // (2 * whole)} %" if whole else "0 %"
