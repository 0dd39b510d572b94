"""Usage period by period: the last minutes, hours, days, months or years, those of a range, or the busiest days."""

from __future__ import annotations

from datetime import date, timedelta
from heapq import nlargest
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import FIRST_DAY, Span, day_of, iso
from reports.calendar.parsing import PeriodError
from reports.calendar.period import Period
from reports.calendar.requests import PeriodRequest
from reports.ledger.intervals import counting_began
from reports.ledger.rows import NO_BYTES, add_up
from reports.ledger.selection import MACHINE
from reports.text.amounts import average_speed
from reports.text.dates import minute_text
from reports.usage.series import STEPS, series
from reports.usage.usage import usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reports.calendar.requests import Bound
    from reports.ledger.reader import Bytes, LedgerReader
    from reports.ledger.selection import Selection

USUAL_COUNTS = {"minutes": 12, "hours": 24, "days": 30, "months": 12, "years": None}
"""The units, and how many periods there are without a number; None for all that were counted."""

MINUTE_STEPS = ("1m", "5m", "15m")
USUAL_MINUTES = "5m"
TIME, BUSIEST = ORDERS = ("time", "busiest")
USUAL_BUSIEST = 10
MOST_PERIODS = 2_000
"""The largest number that can be given: more steps than a series has would be refused by that."""


class PeriodListRequest(NamedTuple):
    """The last `number` periods of a unit until `last`, else those that `first` to `last` touch, until now.

    In the order `busiest` they are the `number` with the most bytes. `step` is the length of minutes.
    """

    unit: str = "days"
    number: int | None = None
    first: Bound | None = None
    last: Bound | None = None
    step: str | None = None
    order: str = TIME

    def require_sense(self) -> None:
        """Raise PeriodError where it asks for what there is not."""
        if self.unit not in USUAL_COUNTS:
            raise PeriodError(f"unit: {self.unit!r} is no unit: use {', '.join(USUAL_COUNTS)}")
        if self.order not in ORDERS:
            raise PeriodError(f"order: {self.order!r} is no order: use {' or '.join(ORDERS)}")
        if self.step is not None and (self.unit != "minutes" or self.step not in MINUTE_STEPS):
            raise PeriodError(
                f"step: {self.step!r} is no length of {self.unit}: minutes have {', '.join(MINUTE_STEPS)}"
            )
        if self.number is not None and not 1 <= self.number <= MOST_PERIODS:
            raise PeriodError(f"last: {self.number} is not a number of periods: it must be from 1 to {MOST_PERIODS}")
        if self.number is not None and self.first is not None and self.order == TIME:
            raise PeriodError(f"last: {self.number} and from {self.first}: give one of them")


class ListedPeriod(NamedTuple):
    """[start, end) in UTC seconds and its bytes: None within a gap, before counting began, and where none are kept.

    `seconds` of it were counted, until now; `is_partial`: counting began within it. Other programs have counted
    `imported` of its bytes.
    """

    name: str
    start: int
    end: int
    bytes: Bytes | None
    seconds: int
    is_partial: bool = False
    imported: Bytes = NO_BYTES

    @property
    def average(self) -> int | None:
        """Bytes per second while it was counted; None where that is not known."""
        return average_speed(self.bytes and self.bytes.total, self.seconds)


class PeriodList(NamedTuple):
    """Periods, the oldest first, or the busiest; `running` is the last one where that is a day, a month or a year."""

    unit: str
    periods: list[ListedPeriod]
    began: int | None
    running: Period | None = None

    @property
    def total(self) -> Bytes | None:
        """All of them together; None if none was counted."""
        found = [period.bytes for period in self.periods if period.bytes is not None]
        return add_up(found) if found else None

    @property
    def imported(self) -> Bytes:
        """The imported part of them."""
        return add_up(period.imported for period in self.periods)

    @property
    def average(self) -> int | None:
        """Bytes per second of all of them."""
        total, seconds = self.total, sum(period.seconds for period in self.periods if period.bytes is not None)
        return average_speed(total and total.total, seconds)


def period_list(
    ledger: LedgerReader, now: float, request: PeriodListRequest, selection: Selection = MACHINE
) -> PeriodList:
    """The periods of a request until now; raises PeriodError and UnknownInterfaceError."""
    request.require_sense()
    began = counting_began(ledger, selection)
    if request.unit in {"minutes", "hours"}:
        return PeriodList(request.unit, _ordered(request, list(_steps(ledger, now, request, selection))), began)
    parts = [part for part in _calendar_parts(ledger, now, request, selection) if part.period.start < part.period.end]
    listed = [_listed(part, int(now), began) for part in parts]
    is_running = bool(parts) and request.order == TIME and parts[-1].period.end > now
    return PeriodList(request.unit, _ordered(request, listed), began, parts[-1].period if is_running else None)


def _ordered(request: PeriodListRequest, listed: list[ListedPeriod]) -> list[ListedPeriod]:
    """Earlier ones first of equals."""
    if request.order == TIME:
        number = request.number if request.first is not None else _number(request)
        return listed if number is None else listed[-number:]
    moved = (period for period in listed if period.bytes is not None and period.bytes.total)
    return nlargest(
        request.number or USUAL_BUSIEST, moved, key=lambda period: period.bytes.total if period.bytes else 0
    )


def _steps(
    ledger: LedgerReader, now: float, request: PeriodListRequest, selection: Selection
) -> Iterator[ListedPeriod]:
    """Hours or minutes, as the series has them."""
    zone, began = ledger.zone, counting_began(ledger, selection)
    step = "1h" if request.unit == "hours" else request.step or USUAL_MINUTES
    for start, end, used in series(ledger, now, _span(ledger, now, request, step), step, selection).points:
        seconds = Span(start, end).counted_seconds(now, began)
        is_partial = began is not None and start < began < end
        yield ListedPeriod(minute_text(iso(start, zone)), start, end, used, seconds, is_partial)


def _span(ledger: LedgerReader, now: float, request: PeriodListRequest, step: str) -> Span:
    """Of the last steps one more than are listed: an hour may be cut where the clock is changed."""
    zone, until = ledger.zone, int(now) + 1
    end = until if request.last is None else min(request.last.end(zone), until)
    if request.first is not None:
        start = request.first.start(zone)
        if request.last is not None and start >= request.last.end(zone):
            raise PeriodError(
                f"from: '{request.first}' is not before to '{request.last}': a range begins before it ends"
            )
        return Span(start, end)
    return Span(max(end - ((_number(request) or 0) + 1) * STEPS[step].seconds, 0), end)


class _CalendarPart(NamedTuple):
    period: Period
    bytes: Bytes | None
    is_partial: bool
    imported: Bytes


def _calendar_parts(
    ledger: LedgerReader, now: float, request: PeriodListRequest, selection: Selection
) -> list[_CalendarPart]:
    """Days, months or years, with what usage has of them."""
    first, last = _days(ledger, now, request, selection)
    zone = ledger.zone
    used = usage(ledger, Period.days(first, last, zone), now, selection)
    match request.unit:
        case "days":
            return [_CalendarPart(Period.day(day.day, zone), *day[1:]) for day in used.days]
        case "months":
            return [_CalendarPart(Period.month(*month.month, zone), *month[1:]) for month in used.by_month()]
        case _:
            return [_CalendarPart(Period.year(year.year, zone), *year[1:]) for year in used.by_year()]


def _days(ledger: LedgerReader, now: float, request: PeriodListRequest, selection: Selection) -> tuple[date, date]:
    """The first and the last day: those of whole periods."""
    zone, today = ledger.zone, day_of(int(now), ledger.zone)
    began = counting_began(ledger, selection)
    first_counted = today if began is None else min(day_of(began, zone), today)
    count = None if request.order == BUSIEST else _number(request)
    last = today if request.last is None else day_of(request.last.end(zone) - 1, zone)
    if request.first is None and count is not None:
        first = _back(request.unit, min(last, today), count)
    else:
        bounds = PeriodRequest(None, request.first, request.last)
        first = bounds.period(today, zone, "all", min(first_counted, last)).first
    return _begin(request.unit, first), _end(request.unit, last, zone)


def _number(request: PeriodListRequest) -> int | None:
    """How many there are to be without a first one; None for all."""
    return request.number or USUAL_COUNTS[request.unit]


def _back(unit: str, last: date, count: int) -> date:
    """A day of the period so many less one before that of `last`; the first day of all where there are not so many."""
    match unit:
        case "days":
            return max(last - timedelta(days=count - 1), FIRST_DAY)
        case "months":
            year, month = divmod(last.year * 12 + last.month - count, 12)
            return FIRST_DAY if year < FIRST_DAY.year else date(year, month + 1, 1)
        case _:
            return date(max(last.year - count + 1, FIRST_DAY.year), 1, 1)


def _begin(unit: str, day: date) -> date:
    return day if unit == "days" else day.replace(day=1) if unit == "months" else day.replace(month=1, day=1)


def _end(unit: str, day: date, zone: ZoneInfo) -> date:
    match unit:
        case "days":
            return day
        case "months":
            return Period.month(day.year, day.month, zone).last
        case _:
            return Period.year(day.year, zone).last


def _listed(part: _CalendarPart, now: int, began: int | None) -> ListedPeriod:
    period, moved, is_partial, imported = part
    seconds = period.span.counted_seconds(now, began)
    return ListedPeriod(period.name, period.start, period.end, moved, seconds, is_partial, imported)
