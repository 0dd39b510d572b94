"""History over HTTP: records, hours of the week, percentiles, and series for charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from exporter.web.http.grafana import LinkContext
from exporter.web.http.queries import Begin, End, OfSelection, RangeName
from exporter.web.http.routes import PATIENT, LedgerRequest, Routes
from reports.calendar.days import day_of
from reports.formats.json import history as shapes
from reports.formats.json import records as json_records
from reports.ledger.intervals import first_day
from reports.usage import hours as hours_of_week
from reports.usage import percentile as percentiles
from reports.usage import records as found_records
from reports.usage import series as points

if TYPE_CHECKING:
    from reports.calendar.days import Span

routes = Routes()

Percent = Annotated[
    str,
    msgspec.Meta(
        description="Which percentile: above 0, at most 100; 95 by default.",
        extra_json_schema={"type": "number", "exclusiveMinimum": 0, "maximum": 100},
        examples=["95"],
    ),
]
StepName = Annotated[
    str,
    msgspec.Meta(
        description="From point to point, 3,000 points at most; by default the shortest that the ledger keeps rows of.",
        extra_json_schema={"enum": list(points.STEPS)},
        examples=["1h"],
    ),
]


class SpanQuery(OfSelection, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """A named range, or from ... to ..."""

    range: RangeName | None = None
    first: Begin | None = None
    last: End | None = None


class PercentileQuery(SpanQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which percentile of which range."""

    p: Percent = "95"


class SeriesQuery(SpanQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which range in which steps."""

    step: StepName | None = None


@routes.question("/api/records", "Busiest times and peak speeds", link=LinkContext.ever, ask=PATIENT)
def records(request: LedgerRequest, _query: OfSelection) -> json_records.RecordsAnswer:
    """The busiest days, week and month ever, the busiest hour of day of the last four weeks, and the highest speeds."""
    return json_records.records(found_records.records(request.ledger, request.now, request.selection))


@routes.question("/api/hours", "Usage by weekday and hour", link=lambda at, query: at.period(query, "all"), ask=PATIENT)
def hours(request: LedgerRequest, query: SpanQuery) -> shapes.HoursAnswer:
    """Bytes by weekday and local hour of day, of everything by default: as far back as quarter hours are kept."""
    days = _span(request, query, default="all")
    found = hours_of_week.hours(request.ledger, request.now, days, request.selection)
    return shapes.hours(found, request.zone)


@routes.question(
    "/api/percentile", "Percentile of the speed", link=lambda at, query: at.period(query, "month"), ask=PATIENT
)
def percentile(request: LedgerRequest, query: PercentileQuery) -> shapes.PercentileAnswer:
    """The speed that p percent of all finished intervals stay within, idle ones included; of this month by default."""
    percent = percentiles.parse_percent(query.p)
    days = _span(request, query, default="month")
    found = percentiles.percentile(request.ledger, request.now, days, percent, request.selection)
    return shapes.percentile(found, request.zone)


@routes.question("/api/series", "Usage in steps of time", link=lambda at, query: at.period(query, "today"), ask=PATIENT)
def series(request: LedgerRequest, query: SeriesQuery) -> shapes.SeriesAnswer:
    """Bytes step by step until now: zeros where nothing moved, null in gaps; of today by default."""
    days = _span(request, query, default="today")
    found = points.series(request.ledger, request.now, days, query.step, request.selection)
    return shapes.series(found, days, request.zone)


def _span(request: LedgerRequest, query: SpanQuery, *, default: str) -> Span:
    today = day_of(int(request.now), request.zone)
    return query.period_request.period(today, request.zone, default, first_day(request.ledger) or today).span
