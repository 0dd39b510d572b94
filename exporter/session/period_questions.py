"""The question of usage period by period; by itself, since what it needs would cost every command of usage 4 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.session.questions import Question
from exporter.session.usage_questions import NO_FILTER, selected
from reports.billing.estimates import estimate
from reports.formats.json import periods as json_periods
from reports.usage.period_list import PeriodListRequest, period_list

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.ledger.reader import LedgerReader
    from reports.usage.scopes import UsageFilter


def periods(
    session: Session, request: PeriodListRequest, usage_filter: UsageFilter = NO_FILTER
) -> Question[json_periods.PeriodsAnswer]:
    """Periods of a unit, each with its average, and the estimate of the running one."""

    def answer(ledger: LedgerReader) -> json_periods.PeriodsAnswer:
        selection = selected(session, ledger, usage_filter)
        found = period_list(ledger, session.now(), request, selection)
        expected = found.running and estimate(ledger, found.running, session.now(), selection)
        return json_periods.periods(found, expected, ledger.zone)

    unit, number, first, last, step, order = request
    given = {"unit": unit, "last": number, "from": first, "to": last, "step": step, "order": order}
    return Question("/api/periods", {**given, **usage_filter.parameters}, json_periods.PeriodsAnswer, answer)
