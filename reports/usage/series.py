"""Usage over time, step by step, for charts: zeros without traffic, nothing within gaps."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import DAY_SECONDS, HOUR_SECONDS, ONE_DAY, SLOT_SECONDS, Span, dates, day_of, day_start
from reports.calendar.offsets import hour_starts, offset_spans
from reports.calendar.parsing import PeriodError
from reports.ledger.intervals import MINUTES, SLOTS, Gaps, Grain, by_step, first_day, is_whole, kept_since
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import add_up
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

MOST_POINTS = 3_000
USUAL_POINTS = 1_000
"""Without a step, the shortest one that gives no more points and has rows for the whole range."""


class Step(NamedTuple):
    """A distance between points: its usual seconds, and the rows that it is added up from (None: days)."""

    seconds: int
    grain: Grain | None


STEPS = {
    "1m": Step(60, MINUTES),
    "5m": Step(300, MINUTES),
    "15m": Step(SLOT_SECONDS, SLOTS),
    "1h": Step(HOUR_SECONDS, SLOTS),
    "1d": Step(DAY_SECONDS, None),
}


class Point(NamedTuple):
    """Bytes of [start, end); None within a gap, or where rows so fine are not kept (any longer)."""

    start: int
    end: int
    bytes: Bytes | None


class Series(NamedTuple):
    """Points without holes between them, cut at whole local hours and days: the first may begin before the range."""

    step: str
    points: list[Point]

    @property
    def total(self) -> Bytes:
        """All points together."""
        return add_up(point.bytes or NO_BYTES for point in self.points)


def series(
    ledger: LedgerReader, now: float, span: Span, step: str | None = None, selection: Selection = MACHINE
) -> Series:
    """The whole steps that `span` touches, until the one that runs now.

    PeriodError for an unknown step and for more than 3,000 points; raises UnknownInterfaceError.
    """
    span = Span(span.start, min(span.end, int(now) + 1))
    name = _fitting(ledger, span, selection) if step is None else step
    if name not in STEPS:
        raise PeriodError(f"step: {name!r} is no step: use {', '.join(STEPS)}")
    grain = STEPS[name].grain
    if grain is not None and not is_whole(grain, selection):
        fitting = ", ".join(each for each, (_, rows) in STEPS.items() if rows is None or is_whole(rows, selection))
        raise PeriodError(f"step: {name!r} is of interfaces alone, and scopes are kept by quarter hours: use {fitting}")
    count = _count(span, STEPS[name])
    if count > MOST_POINTS:
        raise PeriodError(
            f"step: {name!r} gives {count} points from the first to the last, and at most {MOST_POINTS} are returned: "
            "use a longer step or a shorter range"
        )
    if span.end <= span.start:
        return Series(name, [])
    edges = _edges(span, STEPS[name], ledger.zone)
    whole = Span(edges[0], edges[-1])
    return Series(
        name,
        _points(edges, _moved(ledger, whole, STEPS[name], selection), _StepCoverage(ledger, whole, name, selection)),
    )


class _StepCoverage:
    """Tells zero from unknown: whether a step without rows was sampled."""

    def __init__(self, ledger: LedgerReader, span: Span, step: str, selection: Selection) -> None:
        self._gaps = Gaps(ledger, span, selection)
        grain = STEPS[step].grain
        if grain is not None:
            since = kept_since(ledger, grain, selection)
        else:
            first = first_day(ledger, selection)
            since = None if first is None else day_start(first, ledger.zone)
        self._since = span.end if since is None else since

    def has(self, start: int, end: int) -> bool:
        return end > self._since and not self._gaps.hold(start, end)


def _points(edges: Sequence[int], moved: dict[int, Bytes], coverage: _StepCoverage) -> list[Point]:
    return [
        Point(start, end, moved.get(start) or (NO_BYTES if coverage.has(start, end) else None))
        for start, end in pairwise(edges)
    ]


def _moved(ledger: LedgerReader, span: Span, step: Step, selection: Selection) -> dict[int, Bytes]:
    """Bytes by the second with which each step begins."""
    zone = ledger.zone
    if step.grain is None:
        found = ledger.days(day_of(span.start, zone), day_of(span.end - 1, zone), selection)
        return {day_start(day, zone): used for day, used in found.items()}
    if step.seconds != HOUR_SECONDS:
        steps = by_step(ledger, step.grain, span, step.seconds, selection)
        return {number * step.seconds: used for number, used in steps.items()}
    moved: dict[int, Bytes] = {}
    for each in offset_spans(*span, zone):
        part = Span(each.start, each.end)
        for number, used in by_step(ledger, step.grain, part, HOUR_SECONDS, selection, shift=each.offset).items():
            begun = -(-(number * HOUR_SECONDS - each.offset) // SLOT_SECONDS) * SLOT_SECONDS
            moved[max(begun, each.start)] = used
    return moved


def _edges(span: Span, step: Step, zone: ZoneInfo) -> Sequence[int]:
    """Where the steps that touch the span begin, and where the last one ends."""
    first, last = day_of(span.start, zone), day_of(span.end - 1, zone)
    if step.grain is None:
        # A date that the zone never had is no step: its day begins and ends with the next one.
        return sorted({day_start(day, zone) for day in dates(first, last + ONE_DAY)})
    if step.seconds == HOUR_SECONDS:
        end = day_start(last + ONE_DAY, zone)
        edges = [*hour_starts(day_start(first, zone), end, zone), end]
        return edges[bisect_right(edges, span.start) - 1 : bisect_left(edges, span.end) + 1]
    seconds = step.seconds
    return range(span.start // seconds * seconds, -(-span.end // seconds) * seconds + 1, seconds)


def _count(span: Span, step: Step) -> int:
    """About how many points there will be: days and hours that are shorter make one or two more."""
    return max(-(-span.end // step.seconds) - span.start // step.seconds, 0)


def _fitting(ledger: LedgerReader, span: Span, selection: Selection) -> str:
    counted_since = max(span.start, ledger.first_seen(selection) or 0)
    for name, step in STEPS.items():
        if step.grain is not None and _count(span, step) <= USUAL_POINTS:
            since = kept_since(ledger, step.grain, selection)
            if since is not None and since <= counted_since:
                return name
    return "1d"
