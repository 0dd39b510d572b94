"""The speed that a share of all intervals stays within, as lines are billed: the 95th percentile and any other."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import Span
from reports.calendar.parsing import PeriodError
from reports.ledger.intervals import MINUTES, SLOTS, Gaps, Grain, by_step, kept_since
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

FIVE_MINUTES = 300
HIGHEST = 100


class _IntervalSize(NamedTuple):
    """Rows, and how many seconds of them make an interval."""

    grain: Grain
    seconds: int


BY_SLOT = _IntervalSize(SLOTS, SLOTS.seconds)
BY_FIVE_MINUTES = _IntervalSize(MINUTES, FIVE_MINUTES)
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")


class Coverage(NamedTuple):
    """Which intervals were ranked: how many, how many of them moved nothing, from when to when (None: there are none).

    `share` is the part of the range until now that they make up; what is missing was not counted, not kept any
    longer, or fell into a gap.
    """

    span: Span | None
    intervals: int
    idle: int
    share: float


class Rates(NamedTuple):
    """Bytes per second at the percentile, rounded, of each direction and of both together, ranked separately."""

    received: int
    sent: int
    total: int


class Ranked(NamedTuple):
    """The percentile of intervals of `seconds`; `rates` is None where there was nothing to rank."""

    seconds: int
    rates: Rates | None
    coverage: Coverage


class Percentile(NamedTuple):
    """The percentile of a range by slots, and by five minutes where minutes are kept (else None)."""

    percent: Decimal
    span: Span
    slots: Ranked
    five_minutes: Ranked | None


def parse_percent(text: str) -> Decimal:
    """Read a percentile: above 0, at most 100; PeriodError on anything else."""
    # The answer holds it as a double: what is 0 there is 0 here.
    if _NUMBER.fullmatch(text) and 0 < (percent := Decimal(text)) <= HIGHEST and float(percent):
        return percent
    raise PeriodError(f"p: {text!r} is not a percentile: write a number above 0, at most {HIGHEST}")


def percentile(
    ledger: LedgerReader, now: float, span: Span, percent: Decimal, selection: Selection = MACHINE
) -> Percentile:
    """Rank the finished intervals of `span` by what they moved; raises UnknownInterfaceError.

    Nearest rank over all intervals that were counted, the idle ones too: of n in ascending order the
    ceil(percent / 100 * n)th, without interpolation. Of 100 intervals that moved 1 to 100 bytes, and twice that the
    other way, the 95th percentile is 95 and 190. vnStat leaves idle intervals out and takes index
    lrint(n * 0.95) - 1 of the rest: the same here (of 0 to 99 bytes both take 94 and 188), but on a line that rests
    vnStat answers more, and where n * 0.95 has a fraction below one half it takes the interval before ours.
    """
    until_now = Span(span.start, min(span.end, int(now)))
    slots, minutes = (_ranked(ledger, size, until_now, percent, selection) for size in (BY_SLOT, BY_FIVE_MINUTES))
    return Percentile(percent, span, slots, minutes if minutes.coverage.intervals else None)


def nearest_rank(amounts: Iterable[int], count: int, percent: Decimal) -> int:
    """The amount at the percentile of `count` intervals: those given, and zero for each that is missing."""
    moved = sorted(amounts)
    rank = max(int((percent * count / HIGHEST).to_integral_value(ROUND_CEILING)), 1)
    place = rank - 1 - (count - len(moved))
    return moved[place] if place >= 0 else 0


def _ranked(ledger: LedgerReader, size: _IntervalSize, span: Span, percent: Decimal, selection: Selection) -> Ranked:
    seconds = size.seconds
    since = kept_since(ledger, size.grain, selection)
    counted = _whole(Span(span.end if since is None else max(span.start, since), span.end), seconds)
    moved = by_step(ledger, size.grain, counted, seconds, selection)
    missing = Gaps(ledger, counted, selection).count_steps(counted, seconds, moved)
    intervals = _length(counted, seconds) - missing
    idle = intervals - sum(1 for used in moved.values() if used.total)
    share = intervals / _length(_whole(span, seconds), seconds) if intervals else 0.0
    coverage = Coverage(counted if intervals else None, intervals, idle, share)
    if not intervals:
        return Ranked(seconds, None, coverage)
    sides = ([used.received for used in moved.values()], [used.sent for used in moved.values()])
    amounts = (*sides, [used.total for used in moved.values()])
    rates = Rates(*(_rate(nearest_rank(side, intervals, percent), seconds) for side in amounts))
    return Ranked(seconds, rates, coverage)


def _whole(span: Span, seconds: int) -> Span:
    """The intervals that lie in the span with all their length: the rate of others is unknown."""
    start = -(-span.start // seconds) * seconds
    return Span(start, max(span.end // seconds * seconds, start))


def _length(span: Span, seconds: int) -> int:
    return (span.end - span.start) // seconds


def _rate(amount: int, seconds: int) -> int:
    return (2 * amount + seconds) // (2 * seconds)
