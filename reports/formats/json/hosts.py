"""JSON about several machines: which an answer adds up, how old its data is, and what each of them moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from reports.calendar.days import iso
from reports.formats.shapes import Answer, Timestamp, Usage, usage_of
from reports.ledger.rows import Bytes, add_up

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo


class HostsNote(Answer):
    """The machines that an answer adds up; the mirror was read at `read_at`.

    `behind_seconds` is the age of the newest data of the machine that sent its last before all others.
    """

    names: list[str]
    read_at: Timestamp
    behind_seconds: int


class HostUsage(Answer):
    """A machine; `this` is true of the one that answers.

    `behind_seconds` is the age of its newest data, `share_percent` its part of what all moved this month.
    """

    id: str
    name: str
    this: bool
    system: str
    version: str
    last_seen: Timestamp
    behind_seconds: int
    today: Usage
    month: Usage
    share_percent: float


class HostsTotal(Answer):
    """All machines together."""

    today: Usage
    month: Usage


class Hosts(Answer):
    """Every machine, the busiest of this month first; `read_at` is null without a mirror.

    `problem` says why the mirror could not be read the last time: what is shown is from before.
    """

    hosts: list[HostUsage]
    total: HostsTotal
    read_at: Timestamp | None
    problem: str | msgspec.UnsetType = msgspec.UNSET


class HostFigures(NamedTuple):
    """What is known of a machine: `seen` is the time of its newest data (UTC seconds)."""

    id: str
    name: str
    system: str
    version: str
    seen: int
    today: Bytes
    month: Bytes


def hosts(
    this: str, figures: Iterable[HostFigures], now: float, zone: ZoneInfo, read_at: int | None, problem: str = ""
) -> Hosts:
    """Shape all machines; `this` is the id of the one that answers."""
    found = sorted(figures, key=lambda each: (-each.month.total, each.name, each.id))
    today, month = (add_up(getattr(each, name) for each in found) for name in ("today", "month"))
    return Hosts(
        hosts=[
            HostUsage(
                id=each.id,
                name=each.name,
                this=each.id == this,
                system=each.system,
                version=each.version,
                last_seen=iso(each.seen, zone),
                behind_seconds=max(int(now) - each.seen, 0),
                today=usage_of(each.today),
                month=usage_of(each.month),
                share_percent=round(100 * each.month.total / month.total, 1) if month.total else 0.0,
            )
            for each in found
        ],
        total=HostsTotal(today=usage_of(today), month=usage_of(month)),
        read_at=None if read_at is None else iso(read_at, zone),
        problem=problem or msgspec.UNSET,
    )


def hosts_note(members: Iterable[tuple[str, int | None]], read_at: int, now: float, zone: ZoneInfo) -> HostsNote:
    """Shape the machines of an answer: their names, each with the time of its newest data (None: now)."""
    found = tuple(members)
    behind = max((int(now) - sent_at for _, sent_at in found if sent_at is not None), default=0)
    return HostsNote(names=[name for name, _ in found], read_at=iso(read_at, zone), behind_seconds=max(behind, 0))
