"""Cost by application of what a plan bills of a stretch of days: the rows add up to the plan's cost exactly.

An application costs its billed bytes by scope at the scope's price. Where steps or the larger direction decide, it has
the share of each cycle's money that its bytes have of the cycle's bytes, direction by direction. What no application
was credited with, and the base price, are rows of their own.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage, covered_subjects
from reports.billing.cost import cost_of
from reports.billing.cost_parts import covers_uplinks, parts_of, priced_stretch
from reports.billing.plans import PlanError
from reports.billing.prices import smallest_unit
from reports.ledger.reader import Bytes
from reports.ledger.rows import add_up
from reports.ledger.selection import MACHINE, Selection
from reports.ledger.shape import APPLICATION, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from reports.billing.cost import StretchCost
    from reports.billing.cost_parts import BilledPart, Share
    from reports.billing.plans import Plan
    from reports.ledger.reader import LedgerReader


class CostRow(NamedTuple):
    """Billed bytes of an application, and their cost, rounded so that all rows add up to the cost of the stretch."""

    name: str
    bytes: Bytes
    cost: Decimal


class ApplicationCosts(NamedTuple):
    """The cost of a stretch by application, the dearest first.

    `unattributed` is what no application was credited with; of a plan of interfaces it may be negative. Its bytes and
    cost, the applications' and `whole.base` add up to those of `whole`.
    """

    whole: StretchCost
    applications: Sequence[CostRow]
    unattributed: CostRow


class _Exact(NamedTuple):
    """Billed bytes by direction, and their money, before anything is rounded."""

    received: Fraction
    sent: Fraction
    money: Fraction


_NOTHING = _Exact(Fraction(0), Fraction(0), Fraction(0))


def application_costs(
    ledger: LedgerReader,
    plan: Plan,
    first: date | None,
    last: date,
    *,
    price_per_gb: Decimal | None = None,
    selection: Selection = MACHINE,
) -> ApplicationCosts:
    """Cost of the days to `last` by application, as `stretch_cost`; `selection` is the machine's, or of scopes.

    Raises PlanError for a plan that bills some interfaces, since applications are not measured by interface.
    """
    covered = covered_subjects(ledger, plan)
    if covered.meter is not APPLICATION and not covers_uplinks(ledger, covered):
        raise PlanError(
            f"plan: {plan.name!r} bills {', '.join(plan.interfaces)}, and applications are not measured by interface; "
            "use a plan of the counted interfaces, or of scopes"
        )
    stretch = priced_stretch(ledger, plan, first, last, price_per_gb=price_per_gb, selection=selection)
    parts = [list(parts_of(share, stretch)) for share in stretch.shares]
    exact = _exact(ledger, stretch.shares, parts)
    attributed = _sum(exact.values())
    everything = _sum(_Exact(part.received, part.sent, part.money) for part in chain(*parts))
    rest = _Exact(*(whole - part for whole, part in zip(everything, attributed, strict=True)))
    names = sorted(exact, key=lambda name: (-exact[name].money, -sum(exact[name][:2]), name))
    return _rounded(cost_of(stretch, parts), {name: exact[name] for name in names}, rest)


def _exact(ledger: LedgerReader, shares: Sequence[Share], parts: Sequence[Sequence[BilledPart]]) -> dict[str, _Exact]:
    found: dict[str, _Exact] = {}
    for share, its_parts in zip(shares, parts, strict=True):
        usage = _applications_of(ledger, share)
        for part in its_parts:
            for name, moved in usage.by_application(part.first, part.last).items():
                received, sent = part.rate.share(moved)
                more = _Exact(received, sent, (received + sent) * part.rate.price)
                found[name] = _sum([found.get(name, _NOTHING), more])
    return found


def _applications_of(ledger: LedgerReader, share: Share) -> BilledUsage:
    """The applications within a share; of interfaces, all traffic but loopback crosses them."""
    if share.share.selection.meter is APPLICATION:
        return share.share
    scopes = tuple(scope for scope in ledger.values(APPLICATION, "scope") if scope != LOOPBACK)
    return BilledUsage(ledger, share.plan, Selection(APPLICATION, "all applications", where={"scope": scopes}))


def _rounded(whole: StretchCost, exact: Mapping[str, _Exact], rest: _Exact) -> ApplicationCosts:
    unit = smallest_unit(whole.plan.currency)
    # Where all is attributed, the rest has no part of what the rounding of bills leaves.
    rows = [*exact.values(), *([rest] if rest != _NOTHING or not exact else [])]
    units = _whole_units([row.money / Fraction(unit) for row in rows], int((whole.total - whole.base) / unit))
    costs = [amount * unit for amount in units]
    applications = [
        CostRow(name, Bytes(int(part.received), int(part.sent)), cost)
        for (name, part), cost in zip(exact.items(), costs, strict=False)
    ]
    moved = add_up(row.bytes for row in applications)
    left = Bytes(whole.billed.received - moved.received, whole.billed.sent - moved.sent)
    unattributed = CostRow("(unattributed)", left, sum(costs[len(applications) :], Decimal(0)))
    return ApplicationCosts(whole, applications, unattributed)


def _whole_units(amounts: Sequence[Fraction], total: int) -> Iterator[int]:
    """Each amount rounded down or up, so that they add up to the total: the largest rests are rounded up first."""
    missing = total - sum(amount // 1 for amount in amounts)
    order = sorted(range(len(amounts)), key=lambda place: (-(amounts[place] % 1), place))
    each, further = divmod(missing, len(amounts))
    up = set(order[:further])
    yield from (amount // 1 + each + (place in up) for place, amount in enumerate(amounts))


def _sum(parts: Iterable[_Exact]) -> _Exact:
    found = list(parts)
    return _Exact(*(sum((part[place] for part in found), Fraction(0)) for place in range(len(_NOTHING))))
