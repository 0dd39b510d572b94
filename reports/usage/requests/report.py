"""Requests of a stretch of time as exports and wrap-ups list them: each service, and the routes that stand out."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.request_times import add_counts, sketches_by_key
from reports.ledger.requests import amounts_by_key, imported_requests
from reports.ledger.selection import Selection
from reports.ledger.shape import ALL, GONE, OTHER, OWN_SERVICE, REQUEST
from reports.usage.requests.figures import (
    COLUMNS,
    NO_REQUESTS,
    RequestFigures,
    RouteFigures,
    ServiceFigures,
    add_figures,
    quantiles_of,
    routes_of,
    services_of,
)
from reports.usage.requests.selection import EVERY_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.calendar.days import Span
    from reports.ledger.reader import LedgerReader
    from reports.ledger.request_times import Counts
    from reports.ledger.selection import Key

MOST_LISTED = 5
"""Routes of a list: the sketches of each are merged over all days."""

MOST_SKETCHES = 6_000
"""Sketches of days that are merged for the quantiles of services or of routes: three lists of routes of a year.

One of 2,500 requests takes 0.15 ms.
"""

DAY_SECONDS = 86_400

FEWEST_TIMED = 10
"""Requests with a time that a route must have to be among the slowest: one slow request makes no slow route."""


class RequestReport(NamedTuple):
    """Services and routes with at least one request, those with the most first, without netledger's own.

    Only routes that are in one of the lists have quantiles, and of many years none. What stands for several routes is
    in no list.
    """

    services: Sequence[ServiceFigures]
    routes: Sequence[RouteFigures]

    @property
    def imported(self) -> int:
        """Those of the requests that are of other programs' files."""
        return sum(row.imported for row in self.services)

    @property
    def figures(self) -> RequestFigures:
        """The sum of all services."""
        return add_figures(row.figures for row in self.services)

    @property
    def busiest(self) -> list[RouteFigures]:
        """Routes with the most requests."""
        return list(islice(self._single_routes(), MOST_LISTED))

    @property
    def slowest(self) -> list[RouteFigures]:
        """Routes with the longest average time."""
        timed = [row for row in self._single_routes() if row.figures.timed >= FEWEST_TIMED]
        return sorted(timed, key=lambda row: -(row.figures.average or 0.0))[:MOST_LISTED]

    @property
    def failing(self) -> list[RouteFigures]:
        """Routes with the most errors; none without an error."""
        failing = [row for row in self._single_routes() if row.figures.errors]
        return sorted(failing, key=lambda row: -row.figures.errors)[:MOST_LISTED]

    @property
    def listed(self) -> list[RouteFigures]:
        """Routes of all lists, each once."""
        return list(dict.fromkeys((*self.busiest, *self.slowest, *self.failing)))

    def _single_routes(self) -> Iterator[RouteFigures]:
        return (row for row in self.routes if row.route not in {OTHER, GONE})


def request_report(ledger: LedgerReader, span: Span) -> RequestReport | None:
    """The requests of [start, end) (UTC seconds); None where no service but netledger itself had one."""
    if ledger.values(REQUEST, "service") <= {OWN_SERVICE}:
        return None
    brought = imported_requests(ledger, EVERY_REQUEST.amounts(ledger), span)
    routes = _routes(ledger, span, routes_of(brought))
    if not routes:
        return None
    found = RequestReport(_services(ledger, span, routes, services_of(brought)), routes)
    return with_quantiles(ledger, span, found, found.listed)


def with_quantiles(
    ledger: LedgerReader, span: Span, report: RequestReport, rows: Sequence[RouteFigures]
) -> RequestReport:
    """The report with quantiles of these of its routes; without where it would take too many sketches."""
    sketches = _sketches(ledger, span, [(*row[:3], ALL) for row in rows])
    if not sketches:
        return report
    with_them = {
        row[:3]: row._replace(quantiles=quantiles_of(sketches.get((*row[:3], ALL), {}), row.figures)) for row in rows
    }
    return report._replace(routes=[with_them.get(row[:3], row) for row in report.routes])


def most_subjects(span: Span) -> int:
    """Subjects whose sketches of all days are not too many to merge."""
    return MOST_SKETCHES // max(-(-(span.end - span.start) // DAY_SECONDS), 1)


def _routes(ledger: LedgerReader, span: Span, imported: Mapping[Key, int]) -> list[RouteFigures]:
    sums: dict[Key, RequestFigures] = {}
    for key, amounts in amounts_by_key(ledger, EVERY_REQUEST.amounts(ledger), span, COLUMNS).items():
        if key[0] != OWN_SERVICE and key[3] != ALL:
            sums[key[:3]] = sums.get(key[:3], NO_REQUESTS).plus(RequestFigures(*amounts))
    rows = [
        RouteFigures(key[0], key[1], key[2], figures, imported=imported.get(key, 0)) for key, figures in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.figures.requests, row.service, row.route, row.method))


def _services(
    ledger: LedgerReader, span: Span, routes: Sequence[RouteFigures], imported: Mapping[str, int]
) -> list[ServiceFigures]:
    sums: dict[str, RequestFigures] = {}
    for row in routes:
        sums[row.service] = sums.get(row.service, NO_REQUESTS).plus(row.figures)
    # The sketches of a service have the route (gone) when they have been folded.
    keys = [(service, ALL, route, ALL) for route in (ALL, GONE) for service in sums]
    times: dict[str, Counts] = {}
    for key, counts in _sketches(ledger, span, keys).items():
        add_counts(times.setdefault(key[0], {}), counts)
    rows = [
        ServiceFigures(service, figures, quantiles_of(times.get(service, {}), figures), imported.get(service, 0))
        for service, figures in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.figures.requests, row.service))


def _sketches(ledger: LedgerReader, span: Span, keys: Sequence[Key]) -> dict[Key, Counts]:
    """Times by subject; none where they would be too many."""
    if not keys or len(keys) > most_subjects(span):
        return {}
    chosen = Selection(REQUEST, EVERY_REQUEST.label, tuple(keys))
    return sketches_by_key(ledger, chosen, span)
