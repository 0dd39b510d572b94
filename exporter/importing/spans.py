"""Days and months that rows of other programs are of; pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import ONE_DAY, day_of, day_start

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


class Span(NamedTuple):
    """Whole days, by the clock of a file."""

    first: date
    last: date


def month(day: date, begins: int = 1) -> Span:
    """The month of a day's name: from its day `begins` on, up to that of the next one."""
    after = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return Span(_on(day, begins), _on(after, begins) - ONE_DAY)


def until(span: Span, instant: int, zone: ZoneInfo) -> Span:
    """A span that was still running at an instant (UTC seconds) ends on that day."""
    return Span(span.first, max(span.first, min(span.last, day_of(instant, zone))))


def end(day: date, zone: ZoneInfo) -> int:
    """The midnight after a day (UTC seconds)."""
    return day_start(day + ONE_DAY, zone)


def _on(day: date, number: int) -> date:
    return day.replace(day=min(number, monthrange(day.year, day.month)[1]))
