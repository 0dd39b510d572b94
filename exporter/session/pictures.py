"""Pictures of usage, as a command draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.session.period_questions import periods
from exporter.session.questions import ask, counted_until
from exporter.terminal.amounts import chosen_style
from exporter.terminal.dates import chosen_dates
from reports.pictures.pictures import draw, picture_requests
from reports.pictures.sheet import PictureContext, until_text

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.usage.period_list import PeriodListRequest
    from reports.usage.scopes import UsageFilter


def picture(session: Session, name: str, bounds: PeriodListRequest, usage_filter: UsageFilter, theme: str) -> str:
    """The SVG of a name, of the number or range of `bounds`; raises QuestionErrors and ends the command on errors."""
    requests = picture_requests(name, bounds)
    replies = [ask(session, periods(session, request, usage_filter)) for request in requests]
    dates = chosen_dates()
    until = until_text(counted_until(session), replies[0].zone, dates)
    context = PictureContext(usage_filter.label, until, chosen_style(), theme, dates)
    return draw(name, [reply.answer for reply in replies], context)
