"""CSV (RFC 4180) of requests: a line for each service, method and route, the one with the most requests first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.csv.days import LINE_END, cell
from reports.usage.requests.figures import NO_QUANTILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export
    from reports.usage.requests.figures import RouteFigures

COLUMNS = (
    "service,method,route,requests,errors,request_bytes,response_bytes,"
    "avg_time,min_time,max_time,p50,p90,p95,p99,from,to,host"
)
IMPORTED_COLUMN = "imported_requests"
"""A further one where any request was imported."""
BATCH_ROUTES = 500


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; times in milliseconds, empty where nothing was timed; sums are of all days from `from` to `to`."""
    found = export.requests
    has_imported = found is not None and found.imported > 0
    yield f"{COLUMNS}{f',{IMPORTED_COLUMN}' * has_imported}{LINE_END}".encode()
    if found is None:
        return
    end = f"{export.first_date},{export.last_date},{cell(export.host.name)}"
    for begin in range(0, len(found.routes), BATCH_ROUTES):
        rows = found.routes[begin : begin + BATCH_ROUTES]
        yield "".join(f"{_line(row)},{end}{f',{row.imported}' * has_imported}{LINE_END}" for row in rows).encode()


def _line(row: RouteFigures) -> str:
    figures, quantiles = row.figures, row.quantiles or NO_QUANTILES
    names = (cell(row.service), cell(row.method), cell(row.route))
    sums = map(str, (figures.requests, figures.errors, figures.request_bytes, figures.response_bytes))
    times = map(_time, (figures.average, figures.minimum, figures.maximum, *quantiles))
    return ",".join((*names, *sums, *times))


def _time(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.3f}"
