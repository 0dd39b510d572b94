"""Requests: what each service answered, and the busiest, slowest and most failing routes; no address of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.text.milliseconds import human_milliseconds
from reports.usage.requests.figures import NO_QUANTILES
from reports.wrapup.chapters.chapter import Chapter, Fact, Table, amount, bidi_markup, counted, percent, unbroken
from reports.wrapup.chapters.imported import imported_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.usage.requests.figures import Quantiles, RequestFigures, RouteFigures, ServiceFigures
    from reports.usage.requests.report import RequestReport
    from reports.wrapup.wrapup import WrapUp

MOST = 10
COLUMNS = ("Requests", "Errors", "Average", "p95", "Bytes")


def requests(wrapup: WrapUp) -> Chapter | None:
    """None where no service but netledger itself had a request."""
    found = wrapup.export.requests
    if found is None:
        return None
    return Chapter(
        "requests",
        "Requests",
        _lead(found.services[0], found.figures),
        facts=tuple(_facts(found)),
        notes=tuple(_notes(found)),
        tables=tuple(_tables(found)),
    )


def _lead(first: ServiceFigures, total: RequestFigures) -> Markup:
    return Markup("{} answered most: {}, {} of all.").format(
        bidi_markup(first.service),
        counted(first.figures.requests, "request", "requests"),
        percent(first.figures.requests, total.requests),
    )


def _facts(found: RequestReport) -> Iterator[Fact]:
    total = found.figures
    yield Fact("Requests", f"{total.requests:,}", f"to {counted(len(found.services), 'service', 'services')}")
    yield Fact("Errors", f"{total.errors:,}", f"{percent(total.errors, total.requests)} of all requests")
    if total.average is not None:
        yield Fact("On average", _time(total.average), f"the longest took {_time(total.maximum)}")
    if total.bytes:
        note = f"{amount(total.request_bytes)} of requests, {amount(total.response_bytes)} of responses"
        yield Fact("Bytes", amount(total.bytes), note)


def _tables(found: RequestReport) -> Iterator[Table]:
    rows = [(bidi_markup(row.service), *_cells(row, row.quantiles)) for row in found.services[:MOST]]
    yield Table("Services", ("Service", *COLUMNS), rows)
    yield from _routes("Busiest routes", found.busiest)
    yield from _routes("Slowest routes", found.slowest)
    yield from _routes("Most errors", found.failing)


def _routes(heading: str, rows: Sequence[RouteFigures]) -> Iterator[Table]:
    """Nothing without a route."""
    if rows:
        cells = [(_route(row), *_cells(row, row.quantiles or NO_QUANTILES)) for row in rows]
        yield Table(heading, ("Route", *COLUMNS), cells)


def _route(row: RouteFigures) -> Markup:
    method = bidi_markup(row.method)
    return Markup("{} {} <small>{}</small>").format(method, bidi_markup(row.route), bidi_markup(row.service))


def _cells(row: ServiceFigures | RouteFigures, quantiles: Quantiles) -> tuple[str, ...]:
    figures = row.figures
    return (
        f"{figures.requests:,}{imported_mark(row.imported, figures.requests)}",
        percent(figures.errors, figures.requests),
        _time(figures.average),
        _time(quantiles.p95),
        amount(figures.bytes),
    )


def _time(milliseconds: float | None) -> str:
    return unbroken(human_milliseconds(milliseconds))


def _notes(found: RequestReport) -> Iterator[str]:
    if (left_out := len(found.services) - MOST) > 0:
        yield f"{counted(left_out, 'more service', 'more services')} had fewer requests."
    if found.imported:
        verb = "was" if found.imported == 1 else "were"
        yield f"{counted(found.imported, 'request', 'requests')} {verb} counted by another program, and imported."
    yield "Errors are status codes of 400 to 599, and requests without a response; 95 % of requests took p95 or less."
    yield "Slow is by average time, of ten requests and more. netledger's own requests are left out."
