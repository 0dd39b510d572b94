"""Parts of cycles with their exact money: what a plan bills of a stretch of days, at one price or at one a scope.

A selection has the share of each part's money that its bytes have of the part's bytes, direction by direction.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage, covered_subjects, in_scope, meter_total
from reports.billing.plans import CycleRule, billed_of_part, counted_bytes, cycle_of
from reports.billing.prices import assumed_price, at_price, at_scope, has_price, part_cost
from reports.calendar.days import ONE_DAY
from reports.ledger.intervals import first_day
from reports.ledger.reader import NO_BYTES
from reports.ledger.selection import MACHINE, of_interfaces
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.billing.plans import Plan
    from reports.ledger.reader import Bytes, LedgerReader
    from reports.ledger.selection import Selection


class Share(NamedTuple):
    """All that a plan bills at one price, and a selection's share of it; `plan` has that price."""

    plan: Plan
    whole: BilledUsage
    share: BilledUsage
    has_base: bool


class PricedStretch(NamedTuple):
    """Local days, the last one included, and how they are priced; see `StretchCost` for the other fields."""

    plan: Plan
    is_own: bool
    is_covered: bool
    first: date
    last: date
    zone: ZoneInfo
    shares: tuple[Share, ...]


class Rate(NamedTuple):
    """What a part of a cycle bills of the bytes that it moved, each as (received, sent), and the price of a byte."""

    billed: tuple[int, int]
    moved: tuple[int, int]
    price: Fraction

    def share(self, part: Bytes) -> tuple[Fraction, Fraction]:
        """Billed bytes, received and sent, of some of the moved bytes."""
        received, sent = (
            Fraction(own * amount, whole) if amount else Fraction(0)
            for own, amount, whole in zip(part[:2], self.billed, self.moved, strict=True)
        )
        return received, sent


class BilledPart(NamedTuple):
    """Billed bytes of days of one cycle, at one rate; `free` bytes of free hours, the base price if it begins here."""

    first: date
    last: date
    received: Fraction
    sent: Fraction
    free: int
    base: Decimal
    rate: Rate

    @property
    def money(self) -> Fraction:
        """The exact cost of its bytes, without the base price."""
        return (self.received + self.sent) * self.rate.price


def priced_stretch(
    ledger: LedgerReader,
    plan: Plan,
    first: date | None,
    last: date,
    *,
    price_per_gb: Decimal | None = None,
    selection: Selection = MACHINE,
) -> PricedStretch:
    """The stretch of `stretch_cost`."""
    is_own = price_per_gb is None and has_price(plan)
    priced = assumed_price(plan) if price_per_gb is None else at_price(plan, price_per_gb)
    covered = covered_subjects(ledger, plan)
    own = _billed_part(ledger, selection, covered, is_own=is_own)
    whole = covered if is_own else own
    began = cycle_of(priced, min(first_day(ledger, meter_total(whole)) or last, last), ledger.zone).first
    first = began if first is None else max(first, began)
    if not is_own and plan.counts != "larger":
        # No bill and no direction to decide: as if all were one cycle.
        priced = priced._replace(cycle=CycleRule("every", every_days=(last - first).days + 1, since=first))
    shares = tuple(_shares(ledger, priced, whole, own, has_base=selection == MACHINE))
    is_covered = own is covered or () not in (own.keys, own.where.get("scope"))
    return PricedStretch(priced, is_own, is_covered, first, last, ledger.zone, shares)


def parts_of(share: Share, stretch: PricedStretch) -> Iterator[BilledPart]:
    """The part of each cycle in the stretch."""
    plan, first = share.plan, stretch.first
    while first <= stretch.last:
        cycle = cycle_of(plan, first, stretch.zone)
        end, is_begun = min(cycle.last, stretch.last), first > cycle.first
        before = share.whole.total(cycle.first, first - ONE_DAY).billed if is_begun else NO_BYTES
        selected, free = share.share.total(first, end)
        moved = selected if share.share is share.whole else share.whole.total(first, end).billed
        billed = billed_of_part(plan, before[:2], moved[:2])
        begin = counted_bytes(plan, before.received, before.sent)
        money = Fraction(part_cost(plan, begin, begin + sum(billed)))
        rate = Rate(billed, moved[:2], money / (sum(billed) or 1))
        base = Decimal(0) if is_begun or not share.has_base else plan.base_price
        yield BilledPart(first, end, *rate.share(selected), free.total, base, rate)
        first = end + ONE_DAY


def covers_uplinks(ledger: LedgerReader, covered: Selection) -> bool:
    """True if these are the counted interfaces, which all traffic of applications crosses."""
    counted = {name for name, is_counted in ledger.devices().items() if is_counted}
    return covered.meter is INTERFACE and counted == set(covered.names)


def _billed_part(ledger: LedgerReader, selection: Selection, covered: Selection, *, is_own: bool) -> Selection:
    """What a plan that covers `covered` bills of a selection; no key or no scope where it bills nothing of it.

    The machine stands for all that the plan covers. Not at the plan's own price, every selection is billed as it is.
    """
    if selection == MACHINE:
        return covered
    if not is_own:
        return selection
    if covered.meter is INTERFACE:
        if selection.meter is not INTERFACE and covers_uplinks(ledger, covered):
            return selection
        return of_interfaces(set(selection.names) & set(covered.names))
    if selection.meter is INTERFACE:
        return in_scope(covered)
    scopes = set(selection.where.get("scope", covered.where["scope"])) & set(covered.where["scope"])
    return in_scope(selection, *sorted(scopes))


def _shares(ledger: LedgerReader, plan: Plan, whole: Selection, own: Selection, *, has_base: bool) -> Iterator[Share]:
    """One for each price: of a plan with prices by scope one for each scope, the first of them with the base price."""
    scopes = whole.where["scope"] if plan.scope_prices else ()
    if not scopes:
        usage = BilledUsage(ledger, plan, whole)
        yield Share(plan, usage, usage if own is whole else BilledUsage(ledger, plan, own), has_base)
    for number, scope in enumerate(scopes):
        priced = at_scope(plan, scope)._replace(base_price=Decimal(0) if number else plan.base_price)
        usage = BilledUsage(ledger, priced, in_scope(whole, scope))
        part = in_scope(own, scope) if scope in own.where["scope"] else in_scope(own)
        yield Share(priced, usage, usage if own is whole else BilledUsage(ledger, priced, part), has_base)
