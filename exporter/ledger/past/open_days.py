"""What remains of a span, within the days of it that shorter rows leave open; pure."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING

from reports.calendar.days import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from exporter.ledger.past.rows import PastRow


def in_open_days(rests: Iterable[PastRow], rows: Iterable[PastRow]) -> list[PastRow]:
    """The rests of rows, each from the first to the last day that no shorter row has; as long as it was without such.

    `rows` are all of a file, which may hold each other; `rests` are what remains of each.
    """
    by_name: dict[str, list[PastRow]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    days, spans = {}, {}
    for name, found in by_name.items():
        days[name] = sorted(row for row in found if row.first == row.last)
        spans[name] = [row for row in found if row.first != row.last]
    return [
        rest if rest.first == rest.last else _in_open_days(rest, days[rest.name], spans[rest.name]) for rest in rests
    ]


def _in_open_days(rest: PastRow, days: Sequence[PastRow], spans: Sequence[PastRow]) -> PastRow:
    begin, end = (bisect_left(days, day, key=attrgetter("first")) for day in (rest.first, rest.last + ONE_DAY))
    length = rest.last - rest.first
    within = (span for span in spans if rest.first <= span.first and span.last <= rest.last)
    shorter = [*days[begin:end], *(span for span in within if span.last - span.first < length)]
    first, last = _open_days(rest, shorter)
    return rest._replace(first=first, last=last) if first <= last else rest


def _open_days(row: PastRow, shorter: Sequence[PastRow]) -> tuple[date, date]:
    """The first and the last day that no shorter row has; reversed where there is none."""
    first, last = row.first, row.last
    for each in sorted(shorter, key=attrgetter("first")):
        if each.first > first:
            break
        first = max(first, each.last + ONE_DAY)
    for each in sorted(shorter, key=attrgetter("last"), reverse=True):
        if each.last < last:
            break
        last = min(last, each.first - ONE_DAY)
    return first, last
