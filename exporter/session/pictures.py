"""Pictures of usage, as a command draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.session.period_questions import periods
from exporter.session.questions import ask, counted_until
from exporter.terminal.amounts import chosen_style
from reports.pictures.periods import REQUESTS, PictureError, draw_periods
from reports.pictures.sheet import PictureContext, until_text
from reports.pictures.summary import SUMMARY_REQUESTS, SummaryFigures, draw_summary
from reports.usage.period_list import PeriodListRequest

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.usage.scopes import UsageFilter

SUMMARY = "summary"


def picture(session: Session, name: str, bounds: PeriodListRequest, usage_filter: UsageFilter, theme: str) -> str:
    """The SVG of a name, of the number or range of `bounds`; raises QuestionErrors and ends the command on errors."""
    if name == SUMMARY:
        if bounds != PeriodListRequest():
            raise PictureError("a summary has no --last, --from and --to")
        requests = list(SUMMARY_REQUESTS)
    else:
        requests = [bounds._replace(unit=REQUESTS[name].unit, order=REQUESTS[name].order)]
    replies = [ask(session, periods(session, request, usage_filter)) for request in requests]
    until = until_text(counted_until(session), replies[0].zone)
    context = PictureContext(usage_filter.label, until, chosen_style(), theme)
    if name == SUMMARY:
        return draw_summary(SummaryFigures(*(reply.answer for reply in replies)), context)
    return draw_periods(name, replies[0].answer, context)
