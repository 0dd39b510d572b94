"""Billing plans: the interfaces that they cover, cycles, free hours, and caps with rollover; pure.

Instants are UTC epoch seconds, amounts bytes, minutes those of the local day. Prices are in `reports.billing.prices`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from reports.calendar.days import DAY_SECONDS, ONE_DAY, SLOT_SECONDS, day_of
from reports.calendar.offsets import offset_spans
from reports.calendar.period import Period
from reports.errors import QuestionError
from reports.ledger.shape import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

Counts: TypeAlias = Literal["both", "receive", "transmit", "larger"]
CycleKind: TypeAlias = Literal["monthly", "weekly", "daily", "every"]

ROLLOVER_CYCLES = 12
"""Cycles back from which unused bytes can reach this one; each passes on what it left of its own cap."""

COUNTED = "counted"
ALL_HOSTS = "all"
DAY_MINUTES = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PlanError(QuestionError):
    """There is no such plan, or a plan and an interface are both given; the text names the rule."""


class PriceStep(NamedTuple):
    """The price of a gigabyte up to an amount of the cycle's bytes; the last step has no end."""

    up_to_bytes: int | None
    price_per_gb: Decimal


class ScopePrice(NamedTuple):
    """The price of a gigabyte to and from peers of one scope."""

    scope: str
    price_per_gb: Decimal


class FreeHours(NamedTuple):
    """A stretch of the local day that is not counted, in minutes that are multiples of 15.

    `end_minute` is excluded and may be 1440; one that comes before `start_minute` lies past midnight.
    """

    start_minute: int
    end_minute: int


class CycleRule(NamedTuple):
    """When cycles begin: on `day` of each month, on Mondays, each day, or every `every_days` days from `since`.

    `day` is 1 to 31; in a month that lacks it the cycle begins on its last day.
    """

    kind: CycleKind = "monthly"
    day: int = 1
    every_days: int = 0
    since: date | None = None


class Plan(NamedTuple):
    """A billing plan; `interfaces` are shell patterns, or the word "counted" alone.

    With `scopes` or `scope_prices` it bills bytes of applications, and has no interfaces: those of these scopes, or of
    every scope but loopback. Of prices by scope, `price_steps` hold the one of the scopes without their own.
    With `hosts` it bills machines of the mirror together: the word "all" alone, or their names or ids.
    `price_steps` in ascending order, none if the plan has no price; `gigabyte_bytes` is 2**30 or 10**9.
    """

    name: str = "default"
    interfaces: tuple[str, ...] = (COUNTED,)
    cycle: CycleRule = CycleRule()
    cap_bytes: int | None = None
    counts: Counts = "both"
    free_hours: tuple[FreeHours, ...] = ()
    rollover: bool = False
    price_steps: tuple[PriceStep, ...] = ()
    base_price: Decimal = Decimal(0)
    currency: str = "INR"
    gigabyte_bytes: int = 2**30
    alert_at: tuple[int, ...] = (80, 90, 100)
    scopes: tuple[str, ...] = ()
    scope_prices: tuple[ScopePrice, ...] = ()
    hosts: tuple[str, ...] = ()

    @property
    def is_of_scopes(self) -> bool:
        """True if it bills bytes of applications, by scope, instead of bytes of interfaces."""
        return bool(self.scopes or self.scope_prices)

    def bills_scope(self, scope: str) -> bool:
        """True if it bills the bytes of a scope; loopback never leaves the machine."""
        return self.is_of_scopes and (scope in self.scopes if self.scopes else scope != LOOPBACK)


def covers(plan: Plan, device: str, *, is_counted: bool) -> bool:
    """True if the plan bills the bytes of an interface; `is_counted`: it belongs to the machine's total."""
    if plan.interfaces == (COUNTED,):
        return is_counted
    return any(fnmatchcase(device, pattern) for pattern in plan.interfaces)


def of_all_interfaces(plan: Plan) -> Plan:
    """The plan as it bills several machines: each is an interface that counts, whatever the interfaces of the plan."""
    return plan if plan.is_of_scopes else plan._replace(interfaces=(COUNTED,))


def named(plans: Sequence[Plan], name: str | None) -> Plan:
    """The plan of this name, the first one by default; raises PlanError."""
    for plan in plans:
        if name in {None, plan.name}:
            return plan
    raise PlanError(f"plan: there is no {name!r}; use {', '.join(plan.name for plan in plans)}")


def counted_bytes(plan: Plan, received: int, sent: int) -> int:
    """Bytes that the plan bills of a whole cycle; "larger" takes the larger sum, not the sum of larger days."""
    match plan.counts:
        case "receive":
            return received
        case "transmit":
            return sent
        case "larger":
            return max(received, sent)
        case _:
            return received + sent


def billed_of_part(plan: Plan, before: tuple[int, int], moved: tuple[int, int]) -> tuple[int, int]:
    """Billed bytes of a part of a cycle as (received, sent), after the cycle had moved `before` it.

    They are what the plan bills up to the part's end less what it bills up to its start. "larger" bills of a part what
    it adds to the larger sum, in the direction that is larger at its end.
    """
    match plan.counts:
        case "receive":
            return moved[0], 0
        case "transmit":
            return 0, moved[1]
        case "larger":
            received, sent = before[0] + moved[0], before[1] + moved[1]
            added = max(received, sent) - max(before)
            return (added, 0) if received >= sent else (0, added)
        case _:
            return moved


def cycle_of(plan: Plan, day: date, zone: ZoneInfo) -> Period:
    """The cycle of a local day."""
    match plan.cycle:
        case CycleRule("weekly"):
            return Period.week(day, zone)
        case CycleRule("daily"):
            return Period.day(day, zone)
        case CycleRule("every", _, every_days, date() as since):
            first = since + (day - since) // timedelta(days=every_days) * timedelta(days=every_days)
            return Period.days(first, first + timedelta(days=every_days - 1), zone)
        case CycleRule("monthly", 1):
            return Period.month(day.year, day.month, zone)
        case rule:
            return Period.cycle(day, rule.day, zone)


def cycle_before(plan: Plan, period: Period, zone: ZoneInfo) -> Period:
    """The cycle before another one."""
    return cycle_of(plan, period.first - ONE_DAY, zone)


def cap_with_rollover(plan: Plan, used_before: Iterable[int]) -> int | None:
    """Bytes that a cycle may use, after earlier cycles used `used_before`, from the last to the oldest.

    What a cycle leaves of its own cap moves one cycle, and is used up there before that cycle's own. Give only
    cycles that were counted from end to end: what the others left is unknown. No more of them are taken than matter,
    since each costs a query. None without a cap.
    """
    cap = plan.cap_bytes
    if cap is None or not plan.rollover:
        return cap
    # What the cycles taken so far pass on of c bytes that came into the oldest of them: c + gain, within low and high.
    gain, low, high = 0, 0, cap
    for used in used_before:
        gain += cap - used
        low, high = _within(gain, low, high), _within(cap + gain, low, high)
        if low == high:
            break
    return cap + _within(gain, low, high)


def _within(amount: int, low: int, high: int) -> int:
    return min(high, max(low, amount))


def in_free_hours(plan: Plan, instant: int, zone: ZoneInfo) -> bool:
    """True if the slot of an instant is free: its start decides, on the local clock.

    Where a clock goes back, both passes of an hour are free; an hour that is skipped is missing.
    """
    minute = _local_minute(instant // SLOT_SECONDS * SLOT_SECONDS, zone)
    return any(start <= minute < end for start, end in _free_minutes(plan))


def free_windows(plan: Plan, period: Period, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """Every [start, end) within the period that is not counted: whole slots, ascending, none touching another."""
    if not plan.free_hours:
        return
    begin, end = period.start, period.start
    for first, last in _free_pieces(plan, period, zone):
        if first > end:
            if end > begin:
                yield begin, end
            begin = first
        elif end == begin:
            begin = first
        end = last
    if end > begin:
        yield begin, end


def free_until(plan: Plan, instant: int, zone: ZoneInfo) -> int | None:
    """The end of the free hours of an instant; None if it counts."""
    if not plan.free_hours:
        return None
    today = day_of(instant, zone)
    near = Period.days(today - ONE_DAY, today + ONE_DAY, zone)
    return next((end for start, end in free_windows(plan, near, zone) if start <= instant < end), None)


def _free_pieces(plan: Plan, period: Period, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    minutes = [(start * 60, end * 60) for start, end in _free_minutes(plan)]
    for start, end, offset in offset_spans(period.start, period.end, zone):
        if offset % SLOT_SECONDS:
            # Offsets before 1972 are no multiple of a slot: the start of a slot decides.
            slots = range(start, end, SLOT_SECONDS)
            yield from ((slot, slot + SLOT_SECONDS) for slot in slots if in_free_hours(plan, slot, zone))
            continue
        midnight = (start + offset) // DAY_SECONDS * DAY_SECONDS - offset
        for day in range(midnight, end, DAY_SECONDS):
            for first, last in minutes:
                began, ended = max(start, day + first), min(end, day + last)
                if began < ended:
                    yield began, ended


def _free_minutes(plan: Plan) -> list[tuple[int, int]]:
    """Free stretches of a day without a clock change: ascending, cut at midnight, none touching another."""
    pieces = []
    for start, end in plan.free_hours:
        pieces += [(start, end)] if start <= end else [(0, end), (start, DAY_MINUTES)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(piece for piece in pieces if piece[0] < piece[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _local_minute(instant: int, zone: ZoneInfo) -> int:
    # Not fromtimestamp: on Windows it refuses instants before 1970.
    local = (_EPOCH + timedelta(seconds=instant)).astimezone(zone)
    return local.hour * 60 + local.minute
