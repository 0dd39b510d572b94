"""Questions of usage and plans, as several commands ask them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.session.questions import Question
from reports.billing.cost import period_cost
from reports.billing.plans import named
from reports.billing.status import plan_status
from reports.calendar.periods import parse_date, parse_month, parse_year
from reports.formats.json import cost as json_cost
from reports.formats.json import plans as json_plans
from reports.formats.json import usage as shapes
from reports.usage import usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.session import Session
    from reports.billing.cost import StretchCost
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


def today(session: Session, interfaces: Sequence[str] = ()) -> Question[json_cost.TodayAndCost]:
    """Since local midnight."""

    def answer(ledger: LedgerReader) -> json_cost.TodayAndCost:
        selection = ledger.resolve(interfaces)
        day = shapes.today(usage.today(ledger, session.now(), selection), ledger.zone)
        return json_cost.today_and_cost(day, _cost(session, ledger, "today", selection))

    return Question("/api/today", {"interface": interfaces}, json_cost.TodayAndCost, answer)


def week(session: Session, interfaces: Sequence[str] = ()) -> Question[shapes.Range]:
    """Since Monday, by day."""
    return Question(
        "/api/week",
        {"interface": interfaces},
        shapes.Range,
        lambda ledger: shapes.days(usage.week(ledger, session.now(), ledger.resolve(interfaces)), ledger.zone),
    )


def month(session: Session, which: str | None = None, interfaces: Sequence[str] = ()) -> Question[shapes.Month]:
    """A month (YYYY-MM) by day, the current one by default; raises PeriodError."""
    chosen = None if which is None else parse_month(which)
    return Question(
        "/api/month",
        {"month": which, "interface": interfaces},
        shapes.Month,
        lambda ledger: shapes.month(
            usage.month(ledger, session.now(), ledger.resolve(interfaces), chosen), ledger.zone
        ),
    )


def year(session: Session, which: str | None = None, interfaces: Sequence[str] = ()) -> Question[shapes.Year]:
    """A year (YYYY) by month, the current one by default; raises PeriodError."""
    chosen = None if which is None else parse_year(which)
    return Question(
        "/api/year",
        {"year": which, "interface": interfaces},
        shapes.Year,
        lambda ledger: shapes.year(usage.year(ledger, session.now(), ledger.resolve(interfaces), chosen), ledger.zone),
    )


def days(session: Session, first: str, last: str, interfaces: Sequence[str] = ()) -> Question[shapes.Range]:
    """Days from `first` to `last` (YYYY-MM-DD), both included; raises PeriodError."""
    began, ended = parse_date(first), parse_date(last)
    return Question(
        "/api/range",
        {"from": first, "to": last, "interface": interfaces},
        shapes.Range,
        lambda ledger: shapes.days(
            usage.days(ledger, session.now(), began, ended, ledger.resolve(interfaces)), ledger.zone
        ),
    )


def summary(session: Session, interfaces: Sequence[str] = ()) -> Question[json_cost.Summary]:
    """Since counting began."""

    def answer(ledger: LedgerReader) -> json_cost.Summary:
        selection = ledger.resolve(interfaces)
        cost = _cost(session, ledger, "ever", selection)
        return json_cost.summary(ledger.lifetime(selection), cost, ledger.first_seen(), ledger.zone)

    return Question("/api/summary", {"interface": interfaces}, json_cost.Summary, answer)


def plans(session: Session, name: str | None = None) -> Question[json_plans.Plans]:
    """How plans stand: each, or the one of this name."""

    def answer(ledger: LedgerReader) -> json_plans.Plans:
        held = session.settings.plans
        chosen = held if name is None else [named(held, name)]
        statuses = [plan_status(ledger, plan, session.now()) for plan in chosen]
        return json_plans.Plans(plans=[json_plans.plan(status, ledger.zone) for status in statuses])

    return Question("/api/plans", {"plan": name}, json_plans.Plans, answer)


def _cost(session: Session, ledger: LedgerReader, period: str, selection: Selection) -> StretchCost:
    """What the first plan bills of a period."""
    return period_cost(ledger, session.settings.plans[0], period, session.now(), selection=selection)
