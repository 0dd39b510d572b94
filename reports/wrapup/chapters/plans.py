"""Billing plans: their cycles against the cap, and their cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.billing.prices import has_price, money
from reports.charts.share import Gauge, Piece, cap_gauge, share_bar
from reports.text.dates import short_date
from reports.wrapup.chapters.chapter import Bar, Chapter, amount, bidi_markup, counted, percent, unbroken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from reports.billing.cycles import PlanCycle, PlanCycles
    from reports.billing.plans import Plan
    from reports.calendar.period import Period
    from reports.wrapup.wrapup import WrapUp

MARK_ROOM_PERCENT = 103


def plans(wrapup: WrapUp) -> Iterator[Chapter]:
    """A chapter for each plan with a cap or a price."""
    for number, found in enumerate(wrapup.plans, start=1):
        links = wrapup.links
        yield Chapter(
            f"plan-{number}",
            Markup("Plan {}").format(bidi_markup(found.plan.name)),
            _lead(found),
            bars=tuple(_bars(found, None if wrapup.is_running else found.today)),
            notes=tuple(_notes(found)),
            link=links and links.plans(*wrapup.span, found.plan.name),
        )


def _lead(found: PlanCycles) -> str:
    plan, cycles = found.plan, counted(len(found.cycles), "billing cycle", "billing cycles")
    parts = []
    if plan.cap_bytes is not None:
        over = f"{found.exceeded} of them" if found.exceeded else "none"
        if len(found.cycles) == 1:
            over = "which is reached" if found.exceeded else "not reached"
        parts.append(
            f"{cycles} with a cap of {amount(plan.cap_bytes)}, {over}{'' if len(found.cycles) == 1 else ' over it'}"
        )
    if has_price(plan):
        price = unbroken(money(found.cost, plan.currency))
        parts.append(f"{price} in all" if parts else f"{cycles} cost {price}")
    return f"{'; '.join(parts)}."


def _bars(found: PlanCycles, today: date | None) -> Iterator[Bar]:
    plan, most = found.plan, _width(found)
    for cycle in found.cycles:
        text = amount(cycle.used)
        if cycle.cap is not None:
            of_cap = f" of {_cap(cycle, plan)}" if plan.rollover else ""
            text = f"{text}{of_cap} · {percent(cycle.used, cycle.cap) if cycle.cap else 'over a cap of nothing'}"
        if has_price(plan):
            text = f"{text} · {unbroken(money(cycle.cost, plan.currency))}"
        yield Bar(_name(cycle, today), _drawing(cycle, most), text)


def _width(found: PlanCycles) -> int:
    """Bytes that the full width stands for: beside the highest cap there is room for its mark."""
    caps = [cycle.cap for cycle in found.cycles if cycle.cap is not None]
    return max(*(cycle.used for cycle in found.cycles), max(caps, default=0) * MARK_ROOM_PERCENT // 100, 0)


def _cap(cycle: PlanCycle, plan: Plan) -> str:
    """The cap of the plan, and what was carried over to it."""
    own, cap = plan.cap_bytes or 0, cycle.cap or 0
    return f"{amount(own)} + {amount(cap - own)} carried over" if cap > own else amount(own)


def _drawing(cycle: PlanCycle, most: int) -> Markup:
    title = f"{_days(cycle.period)}: {amount(cycle.used)}"
    if cycle.cap is None:
        return share_bar((Piece("receive", cycle.used, title),), title=title, whole=most)
    return cap_gauge(Gauge(cycle.used, cycle.cap, whole=most), title=f"{title} of {amount(cycle.cap)}")


def _name(cycle: PlanCycle, today: date | None) -> str:
    """The days of a cycle; of a running one also its last counted day, where the page ends before today."""
    if cycle.is_over:
        return _days(cycle.period)
    until = "so far" if today is None else f"until {short_date(today)}"
    return f"{_days(cycle.period)}, {unbroken(until)}"


def _days(period: Period) -> str:
    first, last = period.first, period.last
    if period.calendar.kind == "month":
        return unbroken(period.calendar.title)
    until = f"{short_date(last)} {last.year}"
    return unbroken(until if first == last else f"{short_date(first)} to {until}")


def _notes(found: PlanCycles) -> Iterator[str]:
    if found.is_cut:
        yield f"The last {len(found.cycles)} cycles; earlier ones are not shown."
    if found.across:
        yield (f"{amount(found.across)} imported across the ends of cycles cannot be cut, and are in none of them.")
    if found.plan.counts != "both":
        words = {
            "receive": "received bytes",
            "transmit": "sent bytes",
            "larger": "the larger of received and sent bytes",
        }
        yield f"The plan bills {words[found.plan.counts]}."
    if found.plan.free_hours:
        yield "Free hours are left out, as far back as quarter hours are kept."
    if found.plan.rollover:
        yield "Caps include what was left of the cycle before."
