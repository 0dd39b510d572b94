"""History over HTTP: records, hours of the week, percentiles, and series for charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from exporter.web.http.endpoints import Endpoint, OfInterface
from reports.calendar.periods import day_of
from reports.calendar.spans import CUSTOM, RANGES, Asked, Span, span
from reports.formats.json import history as shapes
from reports.formats.json import records as json_records
from reports.ledger.intervals import first_day
from reports.usage import hours as hours_of_week
from reports.usage import percentile as percentiles
from reports.usage import records as found_records
from reports.usage import series as points

if TYPE_CHECKING:
    from exporter.web.context import ServiceContext
    from reports.ledger.reader import LedgerReader

INSTANT_PATTERN = (
    "^(19[7-9][0-9]|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}"
    "([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+ -][0-9]{2}:[0-9]{2})?)?$"
)
RangeName = Annotated[
    str,
    msgspec.Meta(
        description="A named range (the whole of the running week, month or year); custom stands for from and to.",
        extra_json_schema={"enum": [*RANGES, CUSTOM]},
        examples=["month"],
    ),
]
Begin = Annotated[
    str,
    msgspec.Meta(
        description="First local day, or an ISO 8601 instant (local time without offset); by default the first ever.",
        extra_json_schema={"pattern": INSTANT_PATTERN},
        examples=["2026-08-01", "2026-08-01T06:00:00+05:30"],
    ),
]
End = Annotated[
    str,
    msgspec.Meta(
        description="Last local day, included, or an ISO 8601 instant, excluded; today by default.",
        extra_json_schema={"pattern": INSTANT_PATTERN},
        examples=["2026-08-31", "2026-09-01T06:00:00+05:30"],
    ),
]
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
        description="From point to point, 3,000 points at most; by default the shortest that the ledger can tell well.",
        extra_json_schema={"enum": list(points.STEPS)},
        examples=["1h"],
    ),
]


class SpanQuery(OfInterface, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
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


async def records(context: ServiceContext, query: OfInterface) -> json_records.RecordsAnswer:
    """The busiest days, week and month ever, the busiest hour of day of the last four weeks, and the highest speeds."""
    context.fresh_snapshot()
    now = context.now
    return json_records.records(
        await context.ask_patiently(lambda ledger: found_records.records(ledger, now, query.interface))
    )


async def hours(context: ServiceContext, query: SpanQuery) -> shapes.HoursAnswer:
    """Bytes by weekday and local hour of day, of everything by default: as far back as quarter hours are kept."""
    context.fresh_snapshot()
    now = context.now

    def answer(ledger: LedgerReader) -> shapes.HoursAnswer:
        asked = _span(ledger, now, query, default="all")
        return shapes.hours(hours_of_week.hours(ledger, now, asked, query.interface), ledger.zone)

    return await context.ask_patiently(answer)


async def percentile(context: ServiceContext, query: PercentileQuery) -> shapes.PercentileAnswer:
    """The speed that p percent of all finished intervals stay within, idle ones included; of this month by default."""
    context.fresh_snapshot()
    now, percent = context.now, percentiles.parse_percent(query.p)

    def answer(ledger: LedgerReader) -> shapes.PercentileAnswer:
        asked = _span(ledger, now, query, default="month")
        found = percentiles.percentile(ledger, now, asked, percent, query.interface)
        return shapes.percentile(found, ledger.zone)

    return await context.ask_patiently(answer)


async def series(context: ServiceContext, query: SeriesQuery) -> shapes.SeriesAnswer:
    """Bytes step by step until now: zeros where nothing moved, null where nobody looked; of today by default."""
    context.fresh_snapshot()
    now = context.now

    def answer(ledger: LedgerReader) -> shapes.SeriesAnswer:
        asked = _span(ledger, now, query, default="today")
        found = points.series(ledger, now, asked, query.step, query.interface)
        return shapes.series(found, asked, ledger.zone)

    return await context.ask_patiently(answer)


def _span(ledger: LedgerReader, now: float, query: SpanQuery, *, default: str) -> Span:
    today = day_of(int(now), ledger.zone)
    asked = Asked(query.range, query.first, query.last)
    return span(asked, today, first_day(ledger) or today, ledger.zone, default=default)


ENDPOINTS = (
    Endpoint("GET", "/api/records", "Busiest times and peak speeds", OfInterface, json_records.RecordsAnswer, records),
    Endpoint("GET", "/api/hours", "Usage by weekday and hour", SpanQuery, shapes.HoursAnswer, hours),
    Endpoint("GET", "/api/percentile", "Percentile of the speed", PercentileQuery, shapes.PercentileAnswer, percentile),
    Endpoint("GET", "/api/series", "Usage in steps of time", SeriesQuery, shapes.SeriesAnswer, series),
)
