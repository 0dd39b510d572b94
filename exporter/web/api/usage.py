"""Usage over HTTP: now, today, a month, a range, ever, and each interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.postings import STILL, Speeds
from exporter.web.http.endpoints import (
    BadRequestError,
    Endpoint,
    FirstDate,
    LastDate,
    MonthText,
    NoQuery,
    OfInterface,
    YearText,
    parse_parameter,
)
from reports.billing.cost import period_cost
from reports.calendar.periods import iso, parse_date, parse_month, parse_year
from reports.formats.json import cost as json_cost
from reports.formats.json import usage as shapes
from reports.formats.json.cost import Summary, TodayAndCost, today_and_cost
from reports.formats.shapes import Usage, usage_of
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.scope import names_of
from reports.usage import usage

if TYPE_CHECKING:
    from datetime import date

    from exporter.metering.snapshots import InterfaceState
    from exporter.web.context import ServiceContext
    from reports.ledger.reader import LedgerReader


class MonthQuery(OfInterface, frozen=True, kw_only=True):
    """Which month."""

    month: MonthText | None = None


class YearQuery(OfInterface, frozen=True, kw_only=True):
    """Which year."""

    year: YearText | None = None


class RangeQuery(OfInterface, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """First and last local day, both included, each under one of its two names."""

    from_date: FirstDate | None = None
    to_date: LastDate | None = None
    first: FirstDate | None = None
    last: LastDate | None = None

    def dates(self) -> tuple[date, date]:
        """The days that are asked for; raises BadRequestError."""
        from_name, first = _given({"from_date": self.from_date, "from": self.first})
        to_name, last = _given({"to_date": self.to_date, "to": self.last})
        if last < first:
            rule = "the first day must not be after the last"
            raise BadRequestError(f"{from_name}: {first} is after {to_name} {last}; {rule}")
        return first, last


async def live(context: ServiceContext, query: OfInterface) -> Usage:
    """Bytes per second, measured between the last two samples."""
    snapshot = context.fresh_snapshot()
    if query.interface is None:
        return _rates(snapshot.machine_rates)
    rates = {state.name: state.rates for state in snapshot.interfaces}
    names = names_of(query.interface)
    if not rates.keys() >= set(names):
        await context.ask(lambda ledger: ledger.require_interface(query.interface))
    asked = [rates.get(name, STILL) for name in dict.fromkeys(names)]
    return _rates(Speeds(*(sum(each) for each in zip(*asked, strict=True))))


async def today(context: ServiceContext, query: OfInterface) -> TodayAndCost:
    """Bytes since local midnight, those not yet in the ledger included."""
    context.fresh_snapshot()
    now, plan = context.now, context.settings.plans[0]

    def answer(ledger: LedgerReader) -> TodayAndCost:
        day = shapes.today(usage.today(ledger, now, query.interface), ledger.zone)
        return today_and_cost(day, period_cost(ledger, plan, "today", now, device=query.interface))

    return await context.ask(answer)


async def month(context: ServiceContext, query: MonthQuery) -> shapes.Month:
    """Every day of a calendar month until today: zeros without traffic, null before counting began."""
    context.fresh_snapshot()
    which = None if query.month is None else parse_parameter("month", query.month, parse_month)
    now = context.now
    return await context.ask(lambda ledger: shapes.month(usage.month(ledger, now, query.interface, which), ledger.zone))


async def days(context: ServiceContext, query: RangeQuery) -> shapes.Range:
    """Every local day of a range until today: zeros without traffic, null before counting began."""
    context.fresh_snapshot()
    first, last = query.dates()
    now = context.now

    def answer(ledger: LedgerReader) -> shapes.Range:
        return shapes.days(usage.days(ledger, now, first, last, query.interface), ledger.zone)

    return await context.ask(answer)


async def week(context: ServiceContext, query: OfInterface) -> shapes.Range:
    """Every day of this week, Monday first, until today: zeros without traffic, null before counting began."""
    context.fresh_snapshot()
    now = context.now
    return await context.ask(lambda ledger: shapes.days(usage.week(ledger, now, query.interface), ledger.zone))


async def year(context: ServiceContext, query: YearQuery) -> shapes.Year:
    """Every month of a calendar year until this one: zeros without traffic, null before counting began."""
    context.fresh_snapshot()
    which = None if query.year is None else parse_parameter("year", query.year, parse_year)
    now = context.now
    return await context.ask(lambda ledger: shapes.year(usage.year(ledger, now, query.interface, which), ledger.zone))


async def summary(context: ServiceContext, query: OfInterface) -> Summary:
    """Everything since counting began."""
    context.fresh_snapshot()
    now, plan = context.now, context.settings.plans[0]

    def lifetime(ledger: LedgerReader) -> Summary:
        ledger.require_interface(query.interface)
        used, since = ledger.lifetime(query.interface), ledger.first_seen()
        return json_cost.summary(
            used, period_cost(ledger, plan, "ever", now, device=query.interface), since, ledger.zone
        )

    return await context.ask(lifetime)


async def interfaces(context: ServiceContext, _query: NoQuery) -> shapes.Interfaces:
    """Every interface that was ever metered, with today, lifetime and, if it is there, its link and speed now."""
    snapshot, now = context.fresh_snapshot(), context.now
    states = {state.name: state for state in snapshot.interfaces}

    def rows(ledger: LedgerReader) -> list[shapes.InterfaceUsage]:
        period = usage.today(ledger, now).period
        used = ledger.days_by_interface(period.first, period.last)
        return [shapes.interface(held, used.get(held.device, NO_BYTES), ledger.zone) for held in ledger.interfaces()]

    return shapes.Interfaces(
        interfaces=[
            _with_link(row, states.get(row.interface), iso(snapshot.taken.wall / SECOND, context.zone))
            for row in await context.ask(rows)
        ]
    )


def _given(texts: dict[str, str | None]) -> tuple[str, date]:
    """A day under the one of its names that was given, and that name."""
    names = [name for name, text in texts.items() if text is not None]
    name, *others = names or texts
    if not names:
        raise BadRequestError(f"{name}: is missing")
    if others:
        raise BadRequestError(f"{name}: not together with {others[0]}; they are the same")
    return name, parse_parameter(name, texts[name] or "", parse_date)


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


ENDPOINTS = (
    Endpoint("GET", "/api/live", "Receive and transmit speed now", OfInterface, Usage, live),
    Endpoint("GET", "/api/today", "Usage since local midnight", OfInterface, TodayAndCost, today),
    Endpoint("GET", "/api/week", "Usage of this week by day", OfInterface, shapes.Range, week),
    Endpoint("GET", "/api/month", "Usage of a month by day", MonthQuery, shapes.Month, month),
    Endpoint("GET", "/api/year", "Usage of a year by month", YearQuery, shapes.Year, year),
    Endpoint("GET", "/api/range", "Usage of a range of days", RangeQuery, shapes.Range, days),
    Endpoint("GET", "/api/summary", "Usage since counting began", OfInterface, Summary, summary),
    Endpoint("GET", "/api/interfaces", "Interfaces and their usage", NoQuery, shapes.Interfaces, interfaces),
)
