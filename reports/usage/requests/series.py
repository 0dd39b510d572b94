"""Requests over time, step by step: zeros without requests, the newest steps where there are more than may be."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import ONE_DAY, SLOT_SECONDS, Span, dates, day_from_number, day_of, day_start, months
from reports.calendar.offsets import hour_starts
from reports.calendar.parsing import PeriodError
from reports.ledger.amounts import Rows, every_day, first_time, local_days
from reports.ledger.request_times import add_counts, sketches_by_time
from reports.ledger.requests import amounts_by_time
from reports.usage.requests.figures import (
    COLUMNS,
    NO_QUANTILES,
    NO_REQUESTS,
    Quantiles,
    RequestFigures,
    quantiles_of,
)
from reports.usage.requests.selection import EVERY_REQUEST, RequestSelection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import LedgerReader
    from reports.ledger.request_times import Counts
    from reports.ledger.selection import Selection

STEPS = ("15m", "1h", "1d", "1w", "1mo")
USUAL_POINTS = 200
"""Without a step, the shortest one that gives no more points."""

MOST_POINTS = 1_000
MOST_SKETCHES = 400
"""Rows with a sketch that are merged for the quantiles of points: 50 microseconds each."""

LONGEST = {"15m": SLOT_SECONDS, "1h": 3600, "1d": 90_000, "1w": 7 * 90_000, "1mo": 31 * 90_000}
"""Seconds of the longest of each: a day in which a clock goes back has 25 hours."""

OF_SLOTS = ("15m", "1h")


class RequestPoint(NamedTuple):
    """Requests of [start, end) (UTC seconds); no quantiles where there are too many rows to merge."""

    start: int
    end: int
    figures: RequestFigures
    quantiles: Quantiles = NO_QUANTILES


class RequestSeries(NamedTuple):
    """Points without holes between them, cut at whole local hours, days, weeks and months."""

    step: str
    points: Sequence[RequestPoint]


def request_series(
    ledger: LedgerReader,
    now: float,
    span: Span,
    selection: RequestSelection = EVERY_REQUEST,
    *,
    step: str | None = None,
    most: int = MOST_POINTS,
    with_quantiles: bool = False,
) -> RequestSeries:
    """The steps that `span` touches, from the first request's until the one that runs now, at most the newest `most`.

    Raises PeriodError for an unknown step.
    """
    span = _counted(ledger, now, span, selection)
    name = fitting_step(span) if step is None else step
    if name not in STEPS:
        raise PeriodError(f"step: {name!r} is no step: use {', '.join(STEPS)}")
    if span.end <= span.start:
        return RequestSeries(name, [])
    edges = _edges(span, name, most, ledger.zone)[-most - 1 :]
    figures = [NO_REQUESTS] * (len(edges) - 1)
    rows = _rows(Span(edges[0], edges[-1]), selection.amounts(ledger), name, ledger.zone)
    for time, amounts in amounts_by_time(ledger, rows, COLUMNS).items():
        place = _place(edges, rows, time, ledger.zone)
        figures[place] = figures[place].plus(RequestFigures(*amounts))
    points = [RequestPoint(*pair, part) for pair, part in zip(pairwise(edges), figures, strict=True)]
    if with_quantiles:
        sketches = _sketches(ledger, edges, selection, name)
        points = [
            point._replace(quantiles=quantiles_of(counts, point.figures))
            for point, counts in zip(points, sketches, strict=True)
        ]
    return RequestSeries(name, points)


def fitting_step(span: Span) -> str:
    """The shortest step of which a range has no more than USUAL_POINTS."""
    length = span.end - span.start
    return next((name for name in STEPS if length <= USUAL_POINTS * LONGEST[name]), STEPS[-1])


def _counted(ledger: LedgerReader, now: float, span: Span, selection: RequestSelection) -> Span:
    """The part from the first day with a request until now; nothing of a selection without any."""
    end = min(span.end, int(now) + 1)
    first = first_time(ledger, every_day(selection.amounts(ledger)))
    if first is None:
        return Span(end, end)
    return Span(max(span.start, day_start(day_from_number(first), ledger.zone)), end)


def _edges(span: Span, step: str, most: int, zone: ZoneInfo) -> Sequence[int]:
    """Where the steps that touch the span begin, and where the last one ends; not many more than `most`."""
    start = max(span.start, span.end - (most + 2) * LONGEST[step])
    first, last = day_of(start, zone), day_of(span.end - 1, zone)
    match step:
        case "15m":
            begin, end = start // SLOT_SECONDS, -(-span.end // SLOT_SECONDS)
            return range(begin * SLOT_SECONDS, (end + 1) * SLOT_SECONDS, SLOT_SECONDS)
        case "1h":
            end = day_start(last + ONE_DAY, zone)
            edges = [*hour_starts(day_start(first, zone), end, zone), end]
            return edges[bisect_right(edges, start) - 1 : bisect_left(edges, span.end) + 1]
        case "1d":
            days = [*dates(first, last + ONE_DAY)]
        case "1w":
            monday = first - first.weekday() * ONE_DAY
            days = [*dates(monday, last + 7 * ONE_DAY)][::7]
        case _:
            days = [date(*month, 1) for month in months(first, last + 31 * ONE_DAY)]
    # A date that the zone never had is no step.
    starts = sorted({day_start(day, zone) for day in days})
    return starts[: bisect_left(starts, span.end) + 1]


def _rows(whole: Span, selection: Selection, step: str, zone: ZoneInfo) -> Rows:
    """The slots or days of the steps."""
    if step in OF_SLOTS:
        return Rows(selection, "slot", *whole)
    return local_days(selection, day_of(whole.start, zone), day_of(whole.end - 1, zone))


def _place(edges: Sequence[int], rows: Rows, time: int, zone: ZoneInfo) -> int:
    """The step that a slot or a day belongs to."""
    return bisect_right(edges, time if rows.grain == "slot" else day_start(day_from_number(time), zone)) - 1


def _sketches(ledger: LedgerReader, edges: Sequence[int], selection: RequestSelection, step: str) -> list[Counts]:
    """The times of each step; none where too many rows would be merged."""
    found: list[Counts] = [{} for _ in edges[1:]]
    rows_each = max(LONGEST[step] // (SLOT_SECONDS if step in OF_SLOTS else 86_400), 1)
    if len(found) * rows_each <= MOST_SKETCHES:
        rows = _rows(Span(edges[0], edges[-1]), selection.sketches(ledger), step, ledger.zone)
        for time, counts in sketches_by_time(ledger, rows).items():
            add_counts(found[_place(edges, rows, time, ledger.zone)], counts)
    return found
