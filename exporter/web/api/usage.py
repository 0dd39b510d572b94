"""Usage over HTTP: now, today, a month, a range, ever, and each interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.counters.speeds import NO_SPEED, Speeds
from exporter.meters.interfaces.state import interfaces_of
from exporter.web.http.grafana import QUARTER_HOUR, LinkContext
from exporter.web.http.queries import (
    BadRequestError,
    CalendarMonth,
    CalendarYear,
    FirstDay,
    LastDay,
    NoQuery,
    OfInterface,
)
from exporter.web.http.routes import LedgerRequest, Routes
from reports.billing.cost import period_cost
from reports.calendar.periods import iso
from reports.formats.json import cost as json_cost
from reports.formats.json import usage as shapes
from reports.formats.json.cost import Summary, TodayAndCost, today_and_cost
from reports.formats.shapes import Usage, usage_of
from reports.ledger.reader import NO_BYTES, Bytes
from reports.usage import usage

if TYPE_CHECKING:
    from datetime import date

    from exporter.meters.interfaces.state import InterfaceState
    from exporter.web.context import ServiceContext
    from reports.calendar.requests import Day

routes = Routes()


class MonthQuery(OfInterface, frozen=True, kw_only=True):
    """Which month."""

    month: CalendarMonth | None = None


class YearQuery(OfInterface, frozen=True, kw_only=True):
    """Which year."""

    year: CalendarYear | None = None


class RangeQuery(OfInterface, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """First and last local day, both included, each under one of its two names."""

    from_date: FirstDay | None = None
    to_date: LastDay | None = None
    first: FirstDay | None = None
    last: LastDay | None = None

    def dates(self) -> tuple[date, date]:
        """The days that are asked for; raises BadRequestError."""
        from_name, first = _given({"from_date": self.from_date, "from": self.first})
        to_name, last = _given({"to_date": self.to_date, "to": self.last})
        if last < first:
            rule = "the first day must not be after the last"
            raise BadRequestError(f"{from_name}: {first} is after {to_name} {last}; {rule}")
        return first, last


@routes.service(
    "GET",
    "/api/live",
    "Receive and transmit speed now",
    OfInterface,
    Usage,
    link=lambda at, query: at.lately(query, QUARTER_HOUR),
)
async def live(context: ServiceContext, query: OfInterface) -> Usage:
    """Bytes per second, measured between the last two samples."""
    snapshot = context.fresh_snapshot()
    if not query.interface:
        return _rates(interfaces_of(snapshot).machine_rates)
    rates = {state.name: state.rates for state in interfaces_of(snapshot).interfaces}
    if not rates.keys() >= set(query.interface):
        await context.ask(lambda ledger: ledger.resolve(query.interface))
    chosen = [rates.get(name, NO_SPEED) for name in query.interface]
    return _rates(Speeds(*(sum(each) for each in zip(*chosen, strict=True))))


@routes.question("/api/today", "Usage since local midnight", OfInterface, TodayAndCost, link=LinkContext.day)
def today(request: LedgerRequest, _query: OfInterface) -> TodayAndCost:
    """Bytes since local midnight, those not yet in the ledger included."""
    ledger, now = request.ledger, request.now
    day = shapes.today(usage.today(ledger, now, request.selection), ledger.zone)
    return today_and_cost(day, period_cost(ledger, request.plans[0], "today", now, selection=request.selection))


@routes.question("/api/week", "Usage of this week by day", OfInterface, shapes.Range, link=LinkContext.week)
def week(request: LedgerRequest, _query: OfInterface) -> shapes.Range:
    """Every day of this week, Monday first, until today: zeros without traffic, null before counting began."""
    return shapes.days(usage.week(request.ledger, request.now, request.selection), request.zone)


@routes.question("/api/month", "Usage of a month by day", MonthQuery, shapes.Month, link=LinkContext.month)
def month(request: LedgerRequest, query: MonthQuery) -> shapes.Month:
    """Every day of a calendar month until today: zeros without traffic, null before counting began."""
    return shapes.month(usage.month(request.ledger, request.now, request.selection, query.month), request.zone)


@routes.question("/api/year", "Usage of a year by month", YearQuery, shapes.Year, link=LinkContext.year)
def year(request: LedgerRequest, query: YearQuery) -> shapes.Year:
    """Every month of a calendar year until this one: zeros without traffic, null before counting began."""
    return shapes.year(usage.year(request.ledger, request.now, request.selection, query.year), request.zone)


@routes.question("/api/range", "Usage of a range of days", RangeQuery, shapes.Range, link=LinkContext.days)
def days(request: LedgerRequest, query: RangeQuery) -> shapes.Range:
    """Every local day of a range until today: zeros without traffic, null before counting began."""
    return shapes.days(usage.days(request.ledger, request.now, *query.dates(), request.selection), request.zone)


@routes.question("/api/summary", "Usage since counting began", OfInterface, Summary, link=LinkContext.ever)
def summary(request: LedgerRequest, _query: OfInterface) -> Summary:
    """Everything since counting began."""
    ledger = request.ledger
    cost = period_cost(ledger, request.plans[0], "ever", request.now, selection=request.selection)
    return json_cost.summary(ledger.lifetime(request.selection), cost, ledger.first_seen(), ledger.zone)


@routes.question(
    "/api/interfaces", "Interfaces and their usage", NoQuery, shapes.Interfaces, link=LinkContext.interfaces
)
def interfaces(request: LedgerRequest, _query: NoQuery) -> shapes.Interfaces:
    """Every interface that was ever metered, with today, lifetime and, if it is there, its link and speed now."""
    ledger, snapshot = request.ledger, request.snapshot
    states = {state.name: state for state in interfaces_of(snapshot).interfaces}
    period = usage.today(ledger, request.now).period
    used = ledger.days_by_interface(period.first, period.last)
    seen = iso(snapshot.taken.wall / SECOND, ledger.zone)
    rows = [shapes.interface(held, used.get(held.device, NO_BYTES), ledger.zone) for held in ledger.interfaces()]
    return shapes.Interfaces(interfaces=[_with_link(row, states.get(row.interface), seen) for row in rows])


def _given(days: dict[str, Day | None]) -> tuple[str, date]:
    """A day under the one of its names that was given, and that name."""
    given = [(name, day.at) for name, day in days.items() if day is not None]
    if not given:
        raise BadRequestError(f"{next(iter(days))}: is missing")
    (name, day), *others = given
    if others:
        raise BadRequestError(f"{name}: not together with {others[0][0]}; they are the same")
    return name, day


def _rates(speeds: Speeds) -> Usage:
    return usage_of(Bytes(speeds.receive, speeds.transmit))


def _with_link(row: shapes.InterfaceUsage, state: InterfaceState | None, seen: str) -> shapes.InterfaceUsage:
    """What the ledger may not know yet: whether it counts, and that it is there; and its link."""
    if state is None:
        return row
    row.counted = state.is_counted
    if state.link is None:
        return row
    row.last_seen = seen
    row.up, row.kind, row.live = state.link.is_up, state.link.kind, _rates(state.rates)
    if state.link.speed is not None:
        row.speed_bytes_per_second = state.link.speed
    return row
