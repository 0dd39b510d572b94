"""Questions of applications: all of a period, or one by day."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from exporter.session.questions import Question
from reports.calendar.days import ONE_DAY, day_of
from reports.calendar.parsing import parse_month, parse_year
from reports.calendar.period import Period
from reports.calendar.requests import RANGES, IsoDate, PeriodRequest
from reports.formats.json import applications as shapes
from reports.usage.applications import application, applications, first_application_day
from reports.usage.scopes import require_scopes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from exporter.session.session import Session
    from reports.ledger.reader import LedgerReader

YEAR_MONTH_OR_DAY = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
DECEMBER = 12


class ApplicationsRequest(NamedTuple):
    """Days and scopes; an order and a limit where the question is of all applications."""

    period: PeriodRequest = PeriodRequest()
    scopes: Sequence[str] = ()
    sort: str = "total"
    limit: int | None = None

    @property
    def days_and_scopes(self) -> dict[str, object]:
        """Parameters of the API."""
        return {"range": self.period.range, "from": self.period.first, "to": self.period.last, "scope": self.scopes}


def is_period(word: str) -> bool:
    """Whether a word is a range, or has the form of a year, a month or a day."""
    return word in RANGES or YEAR_MONTH_OR_DAY.fullmatch(word) is not None


def named_period(word: str) -> PeriodRequest:
    """The request of such a word; raises PeriodError."""
    if word in RANGES:
        return PeriodRequest(word)
    match word.count("-"):
        case 0:
            year = parse_year(word)
            return PeriodRequest(None, IsoDate(f"{year:04}-01-01"), IsoDate(f"{year:04}-12-31"))
        case 1:
            year, month = parse_month(word)
            after = date(year + month // DECEMBER, month % DECEMBER + 1, 1)
            return PeriodRequest(None, IsoDate(f"{word}-01"), IsoDate(str(after - ONE_DAY)))
        case _:
            return PeriodRequest(None, IsoDate(word), IsoDate(word))


def period_of(first: str, last: str, zone: ZoneInfo) -> Period:
    """The day, week, month or year of an answer's days, else the range of them."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    named = (
        Period.day(begin, zone),
        Period.week(begin, zone),
        Period.month(begin.year, begin.month, zone),
        Period.year(begin.year, zone),
    )
    return next((each for each in named if (each.first, each.last) == (begin, end)), Period.days(begin, end, zone))


def all_applications(session: Session, request: ApplicationsRequest) -> Question[shapes.ApplicationsAnswer]:
    """Applications of a period, today's by default."""

    def answer(ledger: LedgerReader) -> shapes.ApplicationsAnswer:
        require_scopes(ledger, request.scopes, session.settings.networks)
        found = applications(
            ledger,
            _period(session, ledger, request, "today"),
            session.now(),
            scopes=request.scopes,
            sort=request.sort,
            limit=request.limit,
        )
        return shapes.applications(found, ledger.zone, request.scopes, request.limit)

    parameters = {**request.days_and_scopes, "sort": request.sort, "limit": request.limit}
    return Question("/api/applications", parameters, shapes.ApplicationsAnswer, answer)


def one_application(session: Session, name: str, request: ApplicationsRequest) -> Question[shapes.ApplicationAnswer]:
    """One application by day, this month's by default."""

    def answer(ledger: LedgerReader) -> shapes.ApplicationAnswer:
        require_scopes(ledger, request.scopes, session.settings.networks)
        period = _period(session, ledger, request, "month")
        return shapes.application(
            application(ledger, name, period, session.now(), request.scopes), ledger.zone, request.scopes
        )

    path = f"/api/applications/{quote(name, safe='')}"
    return Question(path, request.days_and_scopes, shapes.ApplicationAnswer, answer)


def _period(session: Session, ledger: LedgerReader, request: ApplicationsRequest, default: str) -> Period:
    """All days begin with the first of the machine."""
    today = day_of(int(session.now()), ledger.zone)
    return request.period.period(today, ledger.zone, default, first_application_day(ledger) or today)
