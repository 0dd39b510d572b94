"""The whole of a stretch of time: figures of one service or of all, by method, by status code and by route."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from reports.errors import QuestionError
from reports.ledger.past_requests import past_requests_began
from reports.ledger.request_times import add_counts, added_counts, sketches_by_key
from reports.ledger.requests import amounts_by_key, imported_requests
from reports.ledger.shape import ALL, OTHER, REQUEST
from reports.usage.requests.figures import (
    COLUMNS,
    NO_QUANTILES,
    Quantiles,
    RequestFigures,
    RouteFigures,
    ServiceFigures,
    add_figures,
    quantiles_of,
    routes_of,
    services_of,
)
from reports.usage.requests.selection import EVERY_REQUEST, HEALTH, RequestSelection, is_health

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.calendar.days import Span
    from reports.ledger.reader import LedgerReader
    from reports.ledger.request_times import Counts
    from reports.ledger.selection import Key

MOST_ROUTES = 10
"""Routes of a summary: the sketches of each are merged over all days, and those of more would take longer."""

MOST_ENDPOINTS = 5
"""Routes of all methods together, as the dashboard lists."""

Found = dict["Key", RequestFigures]
Imported = Mapping["Key", int]
Part = TypeVar("Part")


class RouteSortError(QuestionError):
    """Routes cannot be sorted so."""


class Routes(NamedTuple):
    """Routes in an order, `row_count` in all; `other` are those beyond the limit together."""

    routes: Sequence[RouteFigures]
    row_count: int
    other: RequestFigures


class BusiestRequests(NamedTuple):
    """Services and routes, those with the most requests first; `row_count` services in all.

    `imported` requests are of other programs' files.
    """

    services: Sequence[ServiceFigures]
    row_count: int
    routes: Routes
    imported: int = 0


class RequestSummary(NamedTuple):
    """Requests of [start, end) (UTC seconds): in all, by method, by status code, by route.

    `endpoints` are routes of all methods together, `routes` those by method, both with the most requests first.

    `seconds` have passed of it, since the first request at most: what rates are of. `imported` requests are of other
    programs' files.
    """

    span: Span
    selection: RequestSelection
    seconds: float
    figures: RequestFigures
    quantiles: Quantiles
    methods: Mapping[str, RequestFigures]
    codes: Mapping[str, RequestFigures]
    endpoints: Mapping[str, RequestFigures]
    routes: Routes
    imported: int = 0

    @property
    def requests_per_second(self) -> float:
        """The rate over the time that has passed."""
        return self.figures.requests / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_second(self) -> float:
        """Bytes of requests and responses over the time that has passed."""
        return self.figures.bytes / self.seconds if self.seconds else 0.0

    @property
    def classes(self) -> Mapping[str, int]:
        """Requests by class of status code, as in {"2xx": 10}; those without a response are "0"."""
        found: dict[str, int] = {}
        for code, figures in self.codes.items():
            name = f"{code[0]}xx" if code[0] in "12345" else code
            found[name] = found.get(name, 0) + figures.requests
        return dict(sorted(found.items()))


SORTS: Mapping[str, Callable[[RouteFigures], float]] = {
    "requests": lambda row: row.figures.requests,
    "errors": lambda row: row.figures.errors,
    "time": lambda row: row.figures.duration,
    "p95": lambda row: (row.quantiles or NO_QUANTILES).p95 or 0.0,
    "bytes": lambda row: row.figures.bytes,
}
"""Orders of routes, the most first; "time" is the sum of times."""


def summary(
    ledger: LedgerReader, span: Span, now: float, selection: RequestSelection = EVERY_REQUEST, routes: int = MOST_ROUTES
) -> RequestSummary:
    """The summary of a stretch of time."""
    found = _figures(ledger, span, selection)
    figures, brought = add_figures(found.values()), _imported(ledger, span, selection)
    return RequestSummary(
        span,
        selection,
        _seconds(ledger, span, now, selection),
        figures,
        quantiles_of(_times(ledger, span, selection), figures),
        _by_part(found, 1),
        dict(sorted(_by_part(found, 3).items())),
        dict(islice(_by_part(found, 2).items(), MOST_ENDPOINTS)),
        _routes(ledger, span, selection, found, brought, "requests", routes),
        sum(brought.values()),
    )


def routes(
    ledger: LedgerReader,
    span: Span,
    selection: RequestSelection = EVERY_REQUEST,
    *,
    sort: str = "requests",
    limit: int = MOST_ROUTES,
) -> Routes:
    """The routes with the most, with their quantiles; raises RouteSortError."""
    if sort not in SORTS:
        raise RouteSortError(f"sort: {sort!r} is refused; use {', '.join(SORTS)}")
    brought = _imported(ledger, span, selection)
    return _routes(ledger, span, selection, _figures(ledger, span, selection), brought, sort, limit)


def services(ledger: LedgerReader, span: Span, selection: RequestSelection = EVERY_REQUEST) -> list[ServiceFigures]:
    """Each service that had a request, the one with the most first."""
    brought = _imported(ledger, span, selection)
    return _services(ledger, span, selection, _figures(ledger, span, selection), brought)


def busiest(
    ledger: LedgerReader, span: Span, *, most_services: int, most_routes: int, aside: str = ""
) -> BusiestRequests:
    """The services and routes with the most requests; routes of the service `aside` are left out."""
    found, brought = _figures(ledger, span, EVERY_REQUEST), _imported(ledger, span, EVERY_REQUEST)
    rows = _services(ledger, span, EVERY_REQUEST, found, brought)
    others = {key: figures for key, figures in found.items() if key[0] != aside}
    listed = _routes(ledger, span, EVERY_REQUEST, others, brought, "requests", most_routes)
    return BusiestRequests(rows[:most_services], len(rows), listed, sum(brought.values()))


def _services(
    ledger: LedgerReader, span: Span, selection: RequestSelection, found: Found, brought: Imported
) -> list[ServiceFigures]:
    imported = services_of(brought)
    times: dict[str, Counts] = {}
    for key, counts in sketches_by_key(ledger, selection.service_sketches(), span).items():
        add_counts(times.setdefault(key[0], {}), counts)
    rows = [
        ServiceFigures(service, figures, quantiles_of(times.get(service, {}), figures), imported[service])
        for service, figures in _by_part(found, 0).items()
    ]
    return sorted(rows, key=lambda row: (-row.figures.requests, row.service))


def _figures(ledger: LedgerReader, span: Span, selection: RequestSelection) -> Found:
    """Figures by subject; those of sketches have none."""
    found = amounts_by_key(ledger, selection.amounts(ledger), span, COLUMNS)
    return {key: RequestFigures(*amounts) for key, amounts in found.items() if key[3] != ALL}


def _imported(ledger: LedgerReader, span: Span, selection: RequestSelection) -> Imported:
    return imported_requests(ledger, selection.amounts(ledger), span)


def _by_part(found: Found, place: int) -> dict[str, RequestFigures]:
    """Figures by one dimension, the one with the most requests first."""
    parts = _added(found, lambda key: key[place])
    return dict(sorted(parts.items(), key=lambda item: (-item[1].requests, item[0])))


def _added(found: Found, part_of: Callable[[Key], Part]) -> dict[Part, RequestFigures]:
    """Figures by a part of the key: all of a part are added at once, since each sum takes as long as a row of SQL."""
    parts: dict[Part, list[RequestFigures]] = {}
    for key, figures in found.items():
        parts.setdefault(part_of(key), []).append(figures)
    return {part: rows[0] if len(rows) == 1 else add_figures(rows) for part, rows in parts.items()}


def _times(ledger: LedgerReader, span: Span, selection: RequestSelection) -> Counts:
    """The times of all requests; those of services have those of 404, too."""
    every = selection._replace(excluded=())
    whole = added_counts(sketches_by_key(ledger, every.sketches(ledger), span).values())
    if HEALTH in selection.excluded and not selection.route:
        # Those of health checks are few: to merge all others would take longer.
        routes = tuple(route for route in ledger.values(REQUEST, "route") if is_health(route))
        chosen = selection.route_sketches(routes)
        health = added_counts(sketches_by_key(ledger, chosen, span).values()) if routes else {}
        return {bucket: max(count - health.get(bucket, 0), 0) for bucket, count in whole.items()}
    return whole


def _routes(
    ledger: LedgerReader,
    span: Span,
    selection: RequestSelection,
    found: Found,
    brought: Imported,
    sort: str,
    limit: int,
) -> Routes:
    figures, imported = _added(found, lambda key: key[:3]), routes_of(brought)
    rows = [RouteFigures(key[0], key[1], key[2], part, imported=imported[key]) for key, part in figures.items()]
    if sort == "p95":
        rows = _with_quantiles(ledger, span, selection, rows)
    # What stands for several routes is no route with the most.
    rows.sort(key=lambda row: (row.route == OTHER, -SORTS[sort](row), row.service, row.route, row.method))
    listed = rows[:limit] if sort == "p95" else _with_quantiles(ledger, span, selection, rows[:limit])
    return Routes(listed, len(rows), add_figures(row.figures for row in rows[limit:]))


def _with_quantiles(
    ledger: LedgerReader, span: Span, selection: RequestSelection, rows: Sequence[RouteFigures]
) -> list[RouteFigures]:
    if not rows:
        return []
    chosen = selection.route_sketches(tuple(dict.fromkeys(row.route for row in rows)))
    times = sketches_by_key(ledger, chosen, span)
    return [row._replace(quantiles=quantiles_of(times.get((*row[:3], ALL), {}), row.figures)) for row in rows]


def _seconds(ledger: LedgerReader, span: Span, now: float, selection: RequestSelection) -> float:
    begins = (
        ledger.first_seen(selection.amounts(ledger)._replace(where={})),
        past_requests_began(ledger, selection.services),
    )
    began = min((at for at in begins if at is not None), default=span.end)
    return max(min(span.end, now) - max(span.start, began), 0.0)
