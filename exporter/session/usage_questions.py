"""Questions of usage and plans, as several commands ask them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from exporter.session.questions import Question
from reports.billing.cost import period_cost
from reports.billing.plans import named
from reports.billing.status import plan_status
from reports.formats.json import cost as json_cost
from reports.formats.json import plans as json_plans
from reports.formats.json import usage as shapes
from reports.ledger.intervals import history_began
from reports.usage import usage
from reports.usage.scopes import UsageFilter, select_usage

if TYPE_CHECKING:
    from datetime import date

    from exporter.session.session import Session
    from reports.billing.cost import StretchCost
    from reports.billing.plans import Plan
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


NO_FILTER = UsageFilter()


def selected(session: Session, ledger: LedgerReader, usage_filter: UsageFilter) -> Selection:
    """The selection of a command's options; raises ScopeError and UnknownInterfaceError."""
    return select_usage(ledger, *usage_filter, networks=session.settings.networks)


def today(session: Session, usage_filter: UsageFilter = NO_FILTER) -> Question[json_cost.TodayAndCost]:
    """Since local midnight."""

    def answer(ledger: LedgerReader) -> json_cost.TodayAndCost:
        selection = selected(session, ledger, usage_filter)
        day = shapes.today(usage.today(ledger, session.now(), selection), ledger.zone)
        return json_cost.today_and_cost(day, _cost(session, ledger, "today", selection))

    return Question("/api/today", usage_filter.parameters, json_cost.TodayAndCost, answer)


def week(session: Session, usage_filter: UsageFilter = NO_FILTER) -> Question[shapes.Range]:
    """Since Monday, by day."""
    return Question(
        "/api/week",
        usage_filter.parameters,
        shapes.Range,
        lambda ledger: shapes.days(
            usage.week(ledger, session.now(), selected(session, ledger, usage_filter)), ledger.zone
        ),
    )


def month(
    session: Session, which: tuple[int, int] | None = None, usage_filter: UsageFilter = NO_FILTER
) -> Question[shapes.Month]:
    """A month by day, the current one by default."""
    return Question(
        "/api/month",
        {"month": which and f"{which[0]:04}-{which[1]:02}", **usage_filter.parameters},
        shapes.Month,
        lambda ledger: shapes.month(
            usage.month(ledger, session.now(), selected(session, ledger, usage_filter), which), ledger.zone
        ),
    )


def year(session: Session, which: int | None = None, usage_filter: UsageFilter = NO_FILTER) -> Question[shapes.Year]:
    """A year by month, the current one by default."""
    return Question(
        "/api/year",
        {"year": which, **usage_filter.parameters},
        shapes.Year,
        lambda ledger: shapes.year(
            usage.year(ledger, session.now(), selected(session, ledger, usage_filter), which), ledger.zone
        ),
    )


def days(session: Session, first: date, last: date, usage_filter: UsageFilter = NO_FILTER) -> Question[shapes.Range]:
    """Days from `first` to `last`, both included."""
    return Question(
        "/api/range",
        {"from": first.isoformat(), "to": last.isoformat(), **usage_filter.parameters},
        shapes.Range,
        lambda ledger: shapes.days(
            usage.days(ledger, session.now(), first, last, selected(session, ledger, usage_filter)), ledger.zone
        ),
    )


def summary(session: Session, usage_filter: UsageFilter = NO_FILTER) -> Question[json_cost.Summary]:
    """Since counting began."""

    def answer(ledger: LedgerReader) -> json_cost.Summary:
        selection = selected(session, ledger, usage_filter)
        cost = _cost(session, ledger, "ever", selection)
        return json_cost.summary(usage.lifetime(ledger, selection), cost, history_began(ledger, selection), ledger.zone)

    return Question("/api/summary", usage_filter.parameters, json_cost.Summary, answer)


def plans(session: Session, name: str | None = None) -> Question[json_plans.Plans]:
    """Status of all plans, or of the one of this name."""

    def answer(ledger: LedgerReader) -> json_plans.Plans:
        held = session.settings.plans
        chosen = held if name is None else [named(held, name)]
        return json_plans.Plans(plans=[_plan(session, ledger, plan) for plan in chosen])

    return Question("/api/plans", {"plan": name}, json_plans.Plans, answer)


def _plan(session: Session, ledger: LedgerReader, plan: Plan) -> json_plans.PlanAnswer:
    if plan.hosts:
        shared: json_plans.PlanAnswer = import_module("exporter.session.shared_plans").shared_plan(
            session, ledger, plan
        )
        return shared
    return json_plans.plan(plan_status(ledger, plan, session.now()), ledger.zone, session.now())


def _cost(session: Session, ledger: LedgerReader, period: str, selection: Selection) -> StretchCost:
    """Cost of a period by the first plan."""
    return period_cost(ledger, session.settings.plans[0], period, session.now(), selection=selection)
