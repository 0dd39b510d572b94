"""Cost of a stretch of days in a billing plan, for every output that shows money.

A cycle has a bill. A part of a cycle costs what the plan bills up to the part's end less what it bills up to its start,
so that adjacent parts add up exactly, over price steps too, and where the larger direction is billed. The base price
belongs to the first instant of its cycle. Amounts are rounded once for each cycle, and sums are sums of those.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage, covered_interfaces
from reports.billing.plans import CycleRule, billed_of_part, counted_bytes, cycle_of
from reports.billing.prices import assumed_price, at_price, decimal_of, has_price, part_cost, rounded
from reports.calendar.days import ONE_DAY, day_of
from reports.calendar.period import Period
from reports.ledger.intervals import first_day
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.selection import MACHINE, of_interfaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.billing.plans import Plan
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

PERIODS = ("today", "week", "month", "year", "cycle", "ever")
"""Periods until now; "ever" is since counting began."""


class Bill(NamedTuple):
    """Cost of the days from `first` to `last`: billed bytes of each direction, exact money, and rounded money.

    `exact` holds the base price; `base`, `receive` and `transmit` are rounded, and their sum is `exact` rounded once.
    """

    first: date
    last: date
    received: int
    sent: int
    exact: Decimal
    base: Decimal
    receive: Decimal
    transmit: Decimal

    @property
    def total(self) -> Decimal:
        """The rounded cost."""
        return self.base + self.receive + self.transmit


class StretchCost(NamedTuple):
    """The bills of a stretch, oldest first, at the prices of `plan`; one bill alone at a price that is no plan's own.

    `plan` has the price that was used, `is_own` is true if that is the plan's own; `free` are bytes of free hours,
    `is_covered` is false for an interface that the plan does not bill.
    """

    plan: Plan
    is_own: bool
    bills: tuple[Bill, ...]
    free: int
    is_covered: bool = True

    @property
    def first(self) -> date:
        """The first day of the first bill."""
        return self.bills[0].first

    @property
    def billed(self) -> Bytes:
        """Billed bytes, by direction."""
        return Bytes(sum(bill.received for bill in self.bills), sum(bill.sent for bill in self.bills))

    @property
    def base(self) -> Decimal:
        """Base prices of the cycles that begin in the stretch."""
        return _sum(bill.base for bill in self.bills)

    @property
    def receive(self) -> Decimal:
        """Cost of received bytes."""
        return _sum(bill.receive for bill in self.bills)

    @property
    def transmit(self) -> Decimal:
        """Cost of transmitted bytes."""
        return _sum(bill.transmit for bill in self.bills)

    @property
    def total(self) -> Decimal:
        """The sum of the bills."""
        return _sum(bill.total for bill in self.bills)


class _Part(NamedTuple):
    """Bytes and exact money of days of one cycle, or of several cycles together."""

    first: date
    last: date
    received: int
    sent: int
    free: int
    receive: Fraction
    transmit: Fraction
    base: Decimal


def period_cost(
    ledger: LedgerReader,
    plan: Plan,
    name: str,
    now: float,
    *,
    price_per_gb: Decimal | None = None,
    selection: Selection = MACHINE,
) -> StretchCost:
    """Cost of a period of `PERIODS` until now."""
    today = day_of(int(now), ledger.zone)
    first = _first_of(name, plan, today, ledger.zone)
    return stretch_cost(ledger, plan, first, today, price_per_gb=price_per_gb, selection=selection)


def stretch_cost(
    ledger: LedgerReader,
    plan: Plan,
    first: date | None,
    last: date,
    *,
    price_per_gb: Decimal | None = None,
    selection: Selection = MACHINE,
) -> StretchCost:
    """Cost of the days to `last`, included; since the cycle in which counting began if `first` is None.

    At another price per gigabyte, or at the assumed one of a plan without a price, there are no bills: bytes are
    priced together. Of interfaces: their share of what the plan bills, by bytes and without the base price; or, at
    another price, their own bytes, whether the plan covers them or not.
    """
    is_own = price_per_gb is None and has_price(plan)
    priced = assumed_price(plan) if price_per_gb is None else at_price(plan, price_per_gb)
    covered = covered_interfaces(ledger, plan)
    chosen = covered if selection.keys is None else selection
    own = of_interfaces(set(chosen.names) & set(covered.names)) if is_own else chosen
    whole = BilledUsage(ledger, priced, covered if is_own else own)
    share = whole if selection.keys is None or not is_own else BilledUsage(ledger, priced, own)
    began = cycle_of(priced, min(first_day(ledger) or last, last), ledger.zone).first
    first = began if first is None else max(first, began)
    if not is_own and plan.counts != "larger":
        # No bill and no direction to decide: as if all were one cycle.
        priced = priced._replace(cycle=CycleRule("every", every_days=(last - first).days + 1, since=first))
    parts = list(_parts(_Stretch(priced, whole, share, has_base=selection.keys is None), first, last, ledger.zone))
    bills = tuple(_bill(part, priced.currency) for part in (parts if is_own else [_together(parts)]))
    return StretchCost(
        priced, is_own, bills, sum(part.free for part in parts), is_covered=bool(own.keys) or selection.keys is None
    )


def _first_of(name: str, plan: Plan, today: date, zone: ZoneInfo) -> date | None:
    match name:
        case "today":
            return today
        case "week":
            return Period.week(today, zone).first
        case "month":
            return today.replace(day=1)
        case "year":
            return today.replace(month=1, day=1)
        case "cycle":
            return cycle_of(plan, today, zone).first
        case _:
            return None


class _Stretch(NamedTuple):
    """A plan, all that it bills, and the selection's share of that."""

    plan: Plan
    whole: BilledUsage
    share: BilledUsage
    has_base: bool


def _parts(stretch: _Stretch, first: date, last: date, zone: ZoneInfo) -> Iterator[_Part]:
    """The part of each cycle in the stretch."""
    while first <= last:
        cycle = cycle_of(stretch.plan, first, zone)
        end = min(cycle.last, last)
        is_begun = first > cycle.first
        before = stretch.whole.total(cycle.first, first - ONE_DAY).billed if is_begun else NO_BYTES
        selected, free = stretch.share.total(first, end)
        moved = selected if stretch.share is stretch.whole else stretch.whole.total(first, end).billed
        billed = billed_of_part(stretch.plan, before[:2], moved[:2])
        begin = counted_bytes(stretch.plan, before.received, before.sent)
        money = Fraction(part_cost(stretch.plan, begin, begin + sum(billed)))
        # the selection's share of each direction
        received, sent = (
            Fraction(part * amount, whole) if amount else Fraction(0)
            for amount, whole, part in zip(billed, moved[:2], selected[:2], strict=True)
        )
        price = money / (sum(billed) or 1)
        base = Decimal(0) if is_begun or not stretch.has_base else stretch.plan.base_price
        yield _Part(first, end, int(received), int(sent), free.total, received * price, sent * price, base)
        first = end + ONE_DAY


def _together(parts: Sequence[_Part]) -> _Part:
    """All parts as one, to be rounded once."""
    return _Part(
        parts[0].first,
        parts[-1].last,
        sum(part.received for part in parts),
        sum(part.sent for part in parts),
        sum(part.free for part in parts),
        sum((part.receive for part in parts), Fraction(0)),
        sum((part.transmit for part in parts), Fraction(0)),
        _sum(part.base for part in parts),
    )


def _bill(part: _Part, currency: str) -> Bill:
    """The bill of a part: the whole is rounded, and receive is what base and transmit leave of it."""
    exact = decimal_of(part.receive + part.transmit + Fraction(part.base))
    whole, base = rounded(exact, currency), rounded(part.base, currency)
    transmit = min(rounded(decimal_of(part.transmit), currency), whole - base)
    return Bill(part.first, part.last, part.received, part.sent, exact, base, whole - base - transmit, transmit)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
