"""Cost of a stretch of days in a billing plan, for every output that shows money.

A cycle has a bill. A part of a cycle costs what the plan bills up to the part's end less what it bills up to its start,
so that adjacent parts add up exactly, over price steps too, and where the larger direction is billed. The base price
belongs to the first instant of its cycle. Amounts are rounded once for each cycle, and sums are sums of those.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.cost_parts import parts_of, priced_stretch
from reports.billing.plans import cycle_before, cycle_of
from reports.billing.prices import decimal_of, rounded
from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.ledger.reader import Bytes
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.billing.cost_parts import BilledPart, PricedStretch
    from reports.billing.plans import Plan
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

PERIODS = ("today", "week", "month", "year", "cycle", "last-cycle", "ever")
"""Periods until now, and the cycle before this one; "ever" is since counting began."""


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
    `is_covered` is false for an interface that the plan does not bill. `across` are imported bytes of spans that reach
    over an end of a cycle or of the stretch: which part of them is of which is not known, and none is billed.
    """

    plan: Plan
    is_own: bool
    bills: tuple[Bill, ...]
    free: int
    is_covered: bool = True
    across: int = 0

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


def period_cost(
    ledger: LedgerReader,
    plan: Plan,
    name: str,
    now: float,
    *,
    price_per_gb: Decimal | None = None,
    selection: Selection = MACHINE,
) -> StretchCost:
    """Cost of a period of `PERIODS`."""
    days = days_of_period(name, plan, day_of(int(now), ledger.zone), ledger.zone)
    return stretch_cost(ledger, plan, *days, price_per_gb=price_per_gb, selection=selection)


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
    priced together. Of interfaces or scopes: their share of what the plan bills, by bytes and without the base price;
    or, at another price, their own bytes, whether the plan covers them or not.
    """
    stretch = priced_stretch(ledger, plan, first, last, price_per_gb=price_per_gb, selection=selection)
    return cost_of(stretch, [list(parts_of(share, stretch)) for share in stretch.shares])


def cost_of(stretch: PricedStretch, parts: Sequence[Sequence[BilledPart]]) -> StretchCost:
    """The bills of a stretch, from the parts of each of its shares."""
    by_cycle = list(zip(*parts, strict=True))
    billed = by_cycle if stretch.is_own else [tuple(chain(*by_cycle))]
    bills = tuple(_bill(found, stretch.plan.currency) for found in billed)
    free = sum(part.free for part in chain(*parts))
    across = sum(
        share.share.across([(part.first, part.last) for part in of_share]).total
        for share, of_share in zip(stretch.shares, parts, strict=True)
    )
    return StretchCost(stretch.plan, stretch.is_own, bills, free, stretch.is_covered, across)


def days_of_period(name: str, plan: Plan, today: date, zone: ZoneInfo) -> tuple[date | None, date]:
    """The first and last day of a period of `PERIODS`; "ever" has no first."""
    cycle = cycle_of(plan, today, zone)
    if name == "last-cycle":
        before = cycle_before(plan, cycle, zone)
        return before.first, before.last
    begins = {
        "today": today,
        "week": Period.week(today, zone).first,
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
        "cycle": cycle.first,
    }
    return begins.get(name), today


def _bill(parts: Sequence[BilledPart], currency: str) -> Bill:
    """One bill of some parts: the whole is rounded, and receive is what base and transmit leave of it."""
    received = sum((part.received for part in parts), Fraction(0))
    sent = sum((part.sent for part in parts), Fraction(0))
    sending = sum((part.sent * part.rate.price for part in parts), Fraction(0))
    money = sum((part.money for part in parts), Fraction(0))
    base_price = _sum(part.base for part in parts)
    exact = decimal_of(money + Fraction(base_price))
    whole, base = rounded(exact, currency), rounded(base_price, currency)
    transmit = min(rounded(decimal_of(sending), currency), whole - base)
    first, last = parts[0].first, parts[-1].last
    return Bill(first, last, int(received), int(sent), exact, base, whole - base - transmit, transmit)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
