"""Query parameters of requests: which ones, in which order, and how many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from exporter.web.http.queries import YEARS, BadRequestError, PeriodQuery, RangeName
from reports.calendar.requests import Bound
from reports.ledger.request_filter import LogFilter
from reports.usage.requests.logged import MOST_ROWS, parse_code, parse_cursor, parse_milliseconds, without
from reports.usage.requests.selection import BOTS, ExclusionError, RequestSelection, parse_exclusions, require_service
from reports.usage.requests.series import STEPS
from reports.usage.requests.summary import MOST_ROUTES, SORTS

if TYPE_CHECKING:
    from exporter.web.http.routes import LedgerRequest
    from reports.ledger.request_log import LogPlace

WHOLE = re.compile("[0-9]{1,9}", re.ASCII)
MOST_LISTED = 500
SECOND = 1_000_000
INSTANT_PATTERN = (
    f"^{YEARS}-[0-9]{{2}}-[0-9]{{2}}"
    "([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+ -][0-9]{2}:[0-9]{2})?)?$"
)


def text(description: str, *examples: str, **schema: object) -> msgspec.Meta:
    """What OpenAPI says of a parameter that is parsed later."""
    return msgspec.Meta(description=description, extra_json_schema=schema, examples=list(examples) or None)


Begin = Annotated[
    Bound,
    text(
        "First local day, or an ISO 8601 instant in whole seconds (local time without offset); by default the first "
        "ever. Sums begin with the quarter hour.",
        "2026-08-01",
        "2026-08-01T06:00:00+05:30",
        pattern=INSTANT_PATTERN,
    ),
]
End = Annotated[
    Bound,
    text(
        "Last local day, included, or an ISO 8601 instant, excluded; today by default.",
        "2026-08-31",
        pattern=INSTANT_PATTERN,
    ),
]
Service = Annotated[str, text("One service; all without it. A service's key stands for its own.", "shop")]
Exclude = Annotated[
    str,
    text(
        "What is left out, separated by commas: 404, health (routes of health checks), in the log alone bots, or none; "
        "by default what the settings leave out.",
        "404,health",
    ),
]
StepOfRequests = Annotated[
    str,
    text("From point to point; by default the shortest that gives no more than 200.", "1d", enum=list(STEPS)),
]
Points = Annotated[str, text("So many of the newest points at most.", "31", type="integer", minimum=1, maximum=1000)]
Method = Annotated[str, text("One method.", "GET")]
RouteName = Annotated[str, text("One route as it is listed.", "/items/{id}")]
RouteSort = Annotated[str, text("The order: the most first.", enum=list(SORTS), default="requests")]


class RequestsQuery(PeriodQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which days, of which service."""

    range: RangeName | None = None
    first: Begin | None = None
    last: End | None = None
    service: Service | None = None
    exclude: Exclude | None = None

    def selection(self, request: LedgerRequest) -> RequestSelection:
        """The requests that are asked for, as far as the key of a service allows; raises QuestionError."""
        return RequestSelection(services_of(request, self.service), excluded=exclusions_of_sums(request, self.exclude))


class SummaryQuery(RequestsQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which days in which steps."""

    step: StepOfRequests | None = None
    limit: Points | None = None

    def points(self, most: int) -> int:
        """The number of points."""
        return most if self.limit is None else whole("limit", self.limit, 1, most)


class SeriesOfRequests(SummaryQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which requests in which steps."""

    method: Method = ""
    route: RouteName = ""

    def selection(self, request: LedgerRequest) -> RequestSelection:
        """Of one route or of all."""
        found = super().selection(request)
        return found._replace(method=self.method, route=self.route)


class RoutesQuery(RequestsQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which routes in which order."""

    sort: RouteSort = "requests"
    limit: Annotated[
        str,
        text("So many routes at most.", "10", type="integer", minimum=1, maximum=MOST_LISTED, default=MOST_ROUTES),
    ] = str(MOST_ROUTES)

    @property
    def row_limit(self) -> int:
        """The number of rows; raises BadRequestError."""
        return whole("limit", self.limit, 1, MOST_LISTED)


class LogQuery(RequestsQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which single requests."""

    method: Method = ""
    status: Annotated[str, text("A status code, a class such as 5xx, or 0 for no response.", "404", "5xx")] = ""
    route: Annotated[str, text("A pattern of routes, with * and ?.", "/items/*")] = ""
    path: Annotated[str, text("A part of the path that was asked for.", "/items/7")] = ""
    ip: Annotated[str, text("A client's address or a prefix, as privacy keeps them.", "192.0.2.0/24")] = ""
    min_time: Annotated[str, text("At least so many milliseconds.", "250", type="number", minimum=0)] | None = None
    max_time: Annotated[str, text("At most so many milliseconds.", "1000", type="number", minimum=0)] | None = None
    order: Annotated[str, text("The direction.", enum=["newest", "oldest"], default="newest")] = "newest"
    cursor: Annotated[str, text("What `next` of the page before is.", "6a1f3c-2b")] | None = None
    limit: (
        Annotated[
            str,
            text(
                "So many requests at most; without it 100, of a csv file 100,000.",
                "100",
                type="integer",
                minimum=1,
                maximum=MOST_ROWS,
            ),
        ]
        | None
    ) = None
    format: Annotated[str, text("csv: a file.", enum=["json", "csv"], default="json")] = "json"

    @property
    def is_csv(self) -> bool:
        """The format; raises BadRequestError."""
        return _among("format", self.format, "json", "csv") == "csv"

    def most(self, usual: int) -> int:
        """The number of rows; raises BadRequestError."""
        return usual if self.limit is None else whole("limit", self.limit, 1, MOST_ROWS)

    @property
    def is_newest_first(self) -> bool:
        """The direction; raises BadRequestError."""
        return _among("order", self.order, "newest", "oldest") == "newest"

    @property
    def place(self) -> LogPlace | None:
        """Where the page before ended."""
        return None if self.cursor is None else parse_cursor(self.cursor)

    def filter(self, request: LedgerRequest) -> LogFilter:
        """The filter, as far as the key of a service allows; raises QuestionError."""
        period = request.period(self, "all")
        chosen = LogFilter(
            services_of(request, self.service),
            start=period.start * SECOND,
            end=period.end * SECOND,
            method=self.method,
            code=parse_code("status", self.status) if self.status else "",
            route=self.route,
            path=self.path,
            client=self.ip,
            least=None if self.min_time is None else parse_milliseconds("min_time", self.min_time),
            most=None if self.max_time is None else parse_milliseconds("max_time", self.max_time),
        )
        return without(request.ledger, chosen, exclusions(request, self.exclude))


def services_of(request: LedgerRequest, service: str | None) -> tuple[str, ...]:
    """The services that may be answered: the one of a key alone; raises BadRequestError and UnknownServiceError."""
    own = request.key_service
    if own is not None:
        if service not in {None, own}:
            raise BadRequestError(f"service: this key reads {own!r} alone")
        return (own,)
    if service is None:
        return ()
    require_service(request.ledger, service)
    return (service,)


def exclusions(request: LedgerRequest, text: str | None) -> tuple[str, ...]:
    """What is left out; raises ExclusionError."""
    return request.service.settings.requests.exclude if text is None else parse_exclusions(text)


def exclusions_of_sums(request: LedgerRequest, text: str | None) -> tuple[str, ...]:
    """The same of sums, in which bots cannot be told from others; raises ExclusionError where they are asked for."""
    found = exclusions(request, text)
    if text is not None and BOTS in found:
        raise ExclusionError(
            f"exclude: {BOTS!r} is refused; sums have no user agents: only /api/requests/log leaves bots out"
        )
    return tuple(name for name in found if name != BOTS)


def whole(name: str, text: str, least: int, most: int) -> int:
    """A whole number; raises BadRequestError."""
    if WHOLE.fullmatch(text) and least <= int(text) <= most:
        return int(text)
    raise BadRequestError(f"{name}: {text!r} is refused; write a whole number from {least} to {most}")


def _among(name: str, text: str, *allowed: str) -> str:
    if text not in allowed:
        raise BadRequestError(f"{name}: {text!r} is refused; use {' or '.join(allowed)}")
    return text
