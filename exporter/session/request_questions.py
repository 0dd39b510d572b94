"""Questions of requests: services, routes of one or of all, and single requests of the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.session.questions import Question
from reports.calendar.days import day_of
from reports.calendar.requests import PeriodRequest
from reports.formats.json import request_log as log_shapes
from reports.formats.json import request_rows as shapes
from reports.formats.json.requests import TotalsAnswer, totals
from reports.ledger.request_filter import LogFilter
from reports.ledger.request_log import log_page
from reports.usage.clients import client_figures
from reports.usage.requests.logged import parse_code, parse_cursor, parse_milliseconds, without
from reports.usage.requests.selection import BOTS, ExclusionError, RequestSelection, parse_exclusions, require_service
from reports.usage.requests.summary import MOST_ROUTES, routes, services, summary

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.calendar.period import Period
    from reports.ledger.reader import LedgerReader

SECOND = 1_000_000


class RequestsRequest(NamedTuple):
    """Days, one service (None: all), what is left out (None: what the settings leave out), and an order of routes."""

    period: PeriodRequest = PeriodRequest()
    service: str | None = None
    exclude: str | None = None
    sort: str = "requests"
    limit: int = MOST_ROUTES

    @property
    def parameters(self) -> dict[str, object]:
        """Parameters of the API, without those of routes."""
        days = {"range": self.period.range, "from": self.period.first, "to": self.period.last}
        return {**days, "service": self.service, "exclude": self.exclude}


class LogRequest(NamedTuple):
    """Which single requests, as texts of the API; None and "" stand for all."""

    period: PeriodRequest = PeriodRequest()
    service: str | None = None
    exclude: str | None = None
    method: str = ""
    status: str = ""
    route: str = ""
    path: str = ""
    ip: str = ""
    min_time: str | None = None
    max_time: str | None = None
    cursor: str | None = None
    is_oldest_first: bool = False
    limit: int = 100

    @property
    def parameters(self) -> dict[str, object]:
        """Parameters of the API."""
        given = self._asdict()
        period, is_oldest_first = given.pop("period"), given.pop("is_oldest_first")
        days = {"range": period.range, "from": period.first, "to": period.last}
        order = "oldest" if is_oldest_first else None
        return {**days, **{name: value or None for name, value in given.items()}, "order": order}


def all_services(session: Session, request: RequestsRequest) -> Question[shapes.ServicesAnswer]:
    """Services of a period, today's by default; one alone where the request names it."""

    def answer(ledger: LedgerReader) -> shapes.ServicesAnswer:
        span, chosen = _period(session, ledger, request.period, "today").span, _selection(session, ledger, request)
        return shapes.services(services(ledger, span, chosen), span, chosen, ledger.zone)

    return Question("/api/requests/services", request.parameters, shapes.ServicesAnswer, answer)


def all_totals(session: Session, request: RequestsRequest) -> Question[TotalsAnswer]:
    """Requests, errors, quantiles and clients of a period, today's by default, in all."""

    def answer(ledger: LedgerReader) -> TotalsAnswer:
        period, chosen = _period(session, ledger, request.period, "today"), _selection(session, ledger, request)
        found = summary(ledger, period.span, session.now(), chosen, routes=0)
        return totals(found, client_figures(ledger, chosen.services, period.first, period.last))

    return Question("/api/requests/summary", {**request.parameters, "limit": 1}, TotalsAnswer, answer)


def all_routes(session: Session, request: RequestsRequest) -> Question[shapes.RoutesAnswer]:
    """Routes of a period, today's by default, by method."""
    sort, limit = request.sort, request.limit

    def answer(ledger: LedgerReader) -> shapes.RoutesAnswer:
        span, chosen = _period(session, ledger, request.period, "today").span, _selection(session, ledger, request)
        found = routes(ledger, span, chosen, sort=sort, limit=limit)
        return shapes.routes(found, span, chosen, ledger.zone, sort=sort, limit=limit)

    parameters = {**request.parameters, "sort": sort, "limit": limit}
    return Question("/api/requests/routes", parameters, shapes.RoutesAnswer, answer)


def logged_requests(session: Session, request: LogRequest) -> Question[log_shapes.RequestLogAnswer]:
    """A page of the request log, of all that is kept by default."""

    def answer(ledger: LedgerReader) -> log_shapes.RequestLogAnswer:
        place = None if request.cursor is None else parse_cursor(request.cursor)
        chosen = _filter(session, ledger, request)
        page = log_page(ledger, chosen, after=place, newest_first=not request.is_oldest_first, limit=request.limit)
        return log_shapes.request_log(page, ledger.zone, is_first=place is None)

    return Question("/api/requests/log", request.parameters, log_shapes.RequestLogAnswer, answer)


def _filter(session: Session, ledger: LedgerReader, request: LogRequest) -> LogFilter:
    period, least, most = _period(session, ledger, request.period, "all"), request.min_time, request.max_time
    chosen = LogFilter(
        _services(ledger, request.service),
        start=period.start * SECOND,
        end=period.end * SECOND,
        method=request.method,
        code=parse_code("status", request.status) if request.status else "",
        route=request.route,
        path=request.path,
        client=request.ip,
        least=None if least is None else parse_milliseconds("min_time", least),
        most=None if most is None else parse_milliseconds("max_time", most),
    )
    return without(ledger, chosen, _excluded(session, request.exclude))


def _selection(session: Session, ledger: LedgerReader, request: RequestsRequest) -> RequestSelection:
    """Sums have no user agents: bots are in them. Raises ExclusionError where they are to be left out."""
    found = _excluded(session, request.exclude)
    if request.exclude is not None and BOTS in found:
        raise ExclusionError(f"exclude: {BOTS!r} is refused; sums have no user agents: only the log leaves bots out")
    excluded = tuple(name for name in found if name != BOTS)
    return RequestSelection(_services(ledger, request.service), excluded=excluded)


def _services(ledger: LedgerReader, service: str | None) -> tuple[str, ...]:
    if service is None:
        return ()
    require_service(ledger, service)
    return (service,)


def _excluded(session: Session, text: str | None) -> tuple[str, ...]:
    return session.settings.requests.exclude if text is None else parse_exclusions(text)


def _period(session: Session, ledger: LedgerReader, request: PeriodRequest, default: str) -> Period:
    return request.period(day_of(session.now(), ledger.zone), ledger.zone, default)
