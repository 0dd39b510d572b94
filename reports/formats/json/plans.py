"""JSON about billing plans: the status of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports.calendar.days import iso
from reports.formats.json.forecast import ForecastAnswer, Money, forecast, money_of
from reports.formats.shapes import Answer, ByteCount, DateText, Timestamp
from reports.text.amounts import compatible_bytes

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.billing.sharing import Sharing
    from reports.billing.status import PlanStatus
    from reports.calendar.period import Period


class CycleAnswer(Answer, rename={"first": "from", "last": "to"}):
    """A billing cycle: its first and last local day, and the instants it begins and ends at."""

    first: str
    last: str
    start: str
    end: str


class LastCycle(Answer):
    """The cycle before: its bytes, null if it was not counted, and whether it was counted from end to end.

    `used_bytes_by_this_day` is what it had used when it was as old as the current one is now, to the minute; null if
    unknown. `imported_bytes_across` as of a plan.
    """

    cycle: CycleAnswer
    used_bytes: int | None
    used_bytes_by_this_day: int | None
    counted_whole: bool
    imported_bytes_across: ByteCount = 0


class PlanMachine(Answer):
    """A machine of a plan that several share; `used_bytes` and its share of all are null in a plan of scopes.

    `behind_seconds` is the age of its newest data.
    """

    name: str
    this: bool
    used_bytes: int | None
    share_percent: float | None
    behind_seconds: int


class PlanSharing(Answer):
    """The machines that share a plan, that with the most bytes first, as they were read at `read_at`.

    Before they were ever read, `read_at` is null, there are none, and the plan's figures are of this machine alone.
    `behind_seconds` is the age of the newest data of the machine that sent its last before all others; `problem` says
    why the mirror could not be read the last time.
    """

    hosts: list[str]
    machines: list[PlanMachine]
    read_at: Timestamp | None
    behind_seconds: int
    problem: str | msgspec.UnsetType = msgspec.UNSET


class PlanWords(Answer):
    """Amounts as people read them, in units of 1000."""

    used: str
    cap: str | None
    left: str | None
    allowed_per_day: str | None


class PlanAnswer(Answer):
    """The status of a plan; cap, left, share and allowed per day are null without a cap, cost without a price.

    `scopes` are left out of a plan of interfaces, and empty for one of every scope but loopback. `carried_bytes` of the
    cap are what earlier cycles left; `free_until` is when the free hours of now end. `free_hours_since` is set if
    quarter hours of this cycle or the last are deleted: the first day with known free hours; those of earlier days are
    billed. Other programs have counted `imported_bytes` of the used ones; `imported_bytes_across` are those of imported
    months or years that reach over an end of the cycle: how many are of the cycle is not known, and none is in it.
    `sharing` is there in a plan that several machines share.
    """

    name: str
    interfaces: list[str]
    counts: str
    cycle: CycleAnswer
    used_bytes: int
    bytes_received: int
    bytes_sent: int
    free_bytes: int
    free_until: Timestamp | None
    cap_bytes: int | None
    carried_bytes: int | None
    left_bytes: int | None
    used_ratio: float | None
    days_left: int
    allowed_per_day_bytes: int | None
    cost: Money | None
    gigabyte_bytes: int
    forecast: ForecastAnswer
    cap_reached_at: str | None
    last_cycle: LastCycle
    human_readable: PlanWords
    free_hours_since: DateText | msgspec.UnsetType = msgspec.UNSET
    scopes: list[str] | msgspec.UnsetType = msgspec.UNSET
    imported_bytes: ByteCount = 0
    imported_bytes_across: ByteCount = 0
    sharing: PlanSharing | msgspec.UnsetType = msgspec.UNSET


class Plans(Answer):
    """Every plan of the settings."""

    plans: list[PlanAnswer]


def plan(status: PlanStatus, zone: ZoneInfo, now: float) -> PlanAnswer:
    """Shape the status of a plan at `now` (UTC seconds)."""
    held = status.plan
    cycle, before = status.cycle, status.last_cycle
    return PlanAnswer(
        name=held.name,
        interfaces=list(held.interfaces),
        counts=held.counts,
        cycle=_cycle(cycle, zone),
        used_bytes=status.used,
        bytes_received=status.bytes.received,
        bytes_sent=status.bytes.sent,
        free_bytes=status.free,
        free_until=None if status.free_until is None else iso(status.free_until, zone),
        cap_bytes=status.cap,
        carried_bytes=None if status.cap is None else status.carried,
        left_bytes=status.left,
        used_ratio=None if status.share is None else round(status.share, 6),
        days_left=status.days_left,
        allowed_per_day_bytes=status.allowed_per_day,
        cost=money_of(status.cost, held),
        gigabyte_bytes=held.gigabyte_bytes,
        forecast=forecast(status, zone),
        cap_reached_at=None if status.cap_reached_at is None else iso(status.cap_reached_at, zone),
        last_cycle=LastCycle(
            cycle=_cycle(before, zone),
            used_bytes=status.last_used,
            used_bytes_by_this_day=status.last_used_by_now,
            counted_whole=status.is_last_whole,
            imported_bytes_across=status.last_across,
        ),
        human_readable=PlanWords(
            used=compatible_bytes(status.used),
            cap=_words(status.cap),
            left=_words(status.left),
            allowed_per_day=_words(status.allowed_per_day),
        ),
        scopes=list(held.scopes) if held.is_of_scopes else msgspec.UNSET,
        imported_bytes=status.imported,
        imported_bytes_across=status.across,
        free_hours_since=msgspec.UNSET if status.free_hours_since is None else status.free_hours_since.isoformat(),
        sharing=msgspec.UNSET if status.sharing is None else _sharing(status, status.sharing, zone, now),
    )


def _sharing(status: PlanStatus, held: Sharing, zone: ZoneInfo, now: float) -> PlanSharing:
    used = status.used
    return PlanSharing(
        hosts=list(status.plan.hosts),
        machines=[
            PlanMachine(
                name=each.name,
                this=each.name == held.own,
                used_bytes=each.used,
                share_percent=None if each.used is None else round(100 * each.used / used, 1) if used else 0.0,
                behind_seconds=0 if each.seen is None else max(int(now) - each.seen, 0),
            )
            for each in held.machines
        ],
        read_at=None if held.read_at is None else iso(held.read_at, zone),
        behind_seconds=held.behind_seconds(now),
        problem=held.problem or msgspec.UNSET,
    )


def _cycle(cycle: Period, zone: ZoneInfo) -> CycleAnswer:
    return CycleAnswer(
        first=cycle.first.isoformat(),
        last=cycle.last.isoformat(),
        start=iso(cycle.start, zone),
        end=iso(cycle.end, zone),
    )


def _words(amount: int | None) -> str | None:
    """An amount in words; below zero if a cap is exceeded."""
    if amount is None:
        return None
    return compatible_bytes(amount) if amount >= 0 else f"-{compatible_bytes(-amount)}"
