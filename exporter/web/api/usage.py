"""Usage over HTTP: speed now, and bytes of today, a week, a month, a year, a range and ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.counters.speeds import NO_SPEED
from exporter.meters.applications import speeds
from exporter.meters.interfaces.state import interfaces_of
from exporter.web.context import ServiceContext
from exporter.web.http.grafana import QUARTER_HOUR, LinkContext
from exporter.web.http.queries import (
    BadRequestError,
    CalendarYear,
    FirstDay,
    LastDay,
    MonthQuery,
    OfInterface,
    OfSelection,
)
from exporter.web.http.routes import LedgerRequest, Routes
from reports.billing.cost import period_cost
from reports.calendar.requests import PeriodRequest
from reports.formats.json import cost as json_cost
from reports.formats.json import usage as shapes
from reports.formats.json.cost import Summary, TodayAndCost, today_and_cost
from reports.formats.json.live import LiveUsage
from reports.ledger.intervals import history_began
from reports.ledger.reader import Bytes
from reports.usage import usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.calendar.requests import IsoDate

routes = Routes()

BUSIEST = 10
"""Applications in the answer of this moment; /api/live/applications has all."""


class YearQuery(OfSelection, frozen=True, kw_only=True):
    """Which year."""

    year: CalendarYear | None = None


class RangeQuery(OfSelection, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """First and last local day, both included, each under one of its two names."""

    from_date: FirstDay | None = None
    to_date: LastDay | None = None
    first: FirstDay | None = None
    last: LastDay | None = None

    @property
    def period_request(self) -> PeriodRequest:
        """First and last day; raises BadRequestError."""
        from_name, first = _given({"from_date": self.from_date, "from": self.first})
        to_name, last = _given({"to_date": self.to_date, "to": self.last})
        if last.at < first.at:
            rule = "the first day must not be after the last"
            raise BadRequestError(f"{from_name}: {first} is after {to_name} {last}; {rule}")
        return PeriodRequest(None, first, last)


@routes.service(
    "GET", "/api/live", "Receive and transmit speed now", link=lambda at, query: at.lately(query, QUARTER_HOUR)
)
async def live(context: ServiceContext, query: OfInterface) -> LiveUsage:
    """Bytes per second, measured between the last two samples.

    Where applications are measured, with the busiest of them; not of chosen interfaces.
    """
    snapshot = context.fresh_snapshot()
    now = interfaces_of(snapshot)
    rates = {state.name: state.rates for state in now.interfaces}
    names: Sequence[str] = query.interface
    if not rates.keys() >= set(names):
        names = (await context.ask(lambda ledger: ledger.resolve(query.interface))).names
    chosen = [rates.get(name, NO_SPEED) for name in names] or [now.machine_rates]
    moved = Bytes(sum(each.receive for each in chosen), sum(each.transmit for each in chosen))
    if query.interface or not speeds.is_measuring(snapshot):
        return LiveUsage.of(moved)
    return LiveUsage.of(moved, speeds.live_applications(snapshot).applications[:BUSIEST])


@routes.question(
    "/api/today",
    "Usage since local midnight",
    link=lambda at, query: at.period(query, "today"),
    with_all=json_cost.with_all_today,
)
def today(request: LedgerRequest, _query: OfSelection) -> TodayAndCost:
    """Bytes since local midnight, those not yet in the ledger included."""
    ledger, now = request.ledger, request.now
    day = shapes.today(usage.today(ledger, now, request.selection), ledger.zone)
    return today_and_cost(day, period_cost(ledger, request.plans[0], "today", now, selection=request.selection))


@routes.question("/api/week", "Usage of this week by day", link=lambda at, query: at.period(query, "week"))
def week(request: LedgerRequest, _query: OfSelection) -> shapes.Range:
    """Every day of this week, Monday first, until today: zeros without traffic, null before counting began."""
    return shapes.days(usage.week(request.ledger, request.now, request.selection), request.zone)


@routes.question("/api/month", "Usage of a month by day", link=lambda at, query: at.period(query, "month"))
def month(request: LedgerRequest, query: MonthQuery) -> shapes.Month:
    """Every day of a calendar month until today: zeros without traffic, null before counting began."""
    return shapes.month(
        usage.usage(request.ledger, request.period(query, "month"), request.now, request.selection), request.zone
    )


@routes.question("/api/year", "Usage of a year by month", link=lambda at, query: at.period(query, "year"))
def year(request: LedgerRequest, query: YearQuery) -> shapes.Year:
    """Every month of a calendar year until this one: zeros without traffic, null before counting began."""
    return shapes.year(
        usage.usage(request.ledger, request.period(query, "year"), request.now, request.selection), request.zone
    )


@routes.question("/api/range", "Usage of a range of days", link=lambda at, query: at.period(query, "all"))
def days(request: LedgerRequest, query: RangeQuery) -> shapes.Range:
    """Every local day of a range until today: zeros without traffic, null before counting began."""
    return shapes.days(
        usage.usage(request.ledger, request.period(query, "all"), request.now, request.selection), request.zone
    )


@routes.question("/api/summary", "Usage since counting began", link=LinkContext.ever, with_all=json_cost.with_all_ever)
def summary(request: LedgerRequest, _query: OfSelection) -> Summary:
    """Everything since counting began."""
    ledger = request.ledger
    cost = period_cost(ledger, request.plans[0], "ever", request.now, selection=request.selection)
    ever, began = usage.lifetime(ledger, request.selection), history_began(ledger, request.selection)
    return json_cost.summary(ever, cost, began, ledger.zone)


def _given(days: dict[str, IsoDate | None]) -> tuple[str, IsoDate]:
    """A day under the one of its names that was given, and that name."""
    given = [(name, day) for name, day in days.items() if day is not None]
    if not given:
        raise BadRequestError(f"{next(iter(days))}: is missing")
    (name, day), *others = given
    if others:
        raise BadRequestError(f"{name}: not together with {others[0][0]}; they are the same")
    return name, day
