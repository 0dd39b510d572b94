"""Pictures over HTTP, for READMEs, wikis and home pages: charts, as `netledger image` draws them, and badges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec
from aiohttp import web

from exporter.mirror.group.hosts import hosts_label, words_of
from exporter.terminal.amounts import AmountStyle
from exporter.terminal.dates import DateStyle
from exporter.web.http.drawings import SVG, send_drawing
from exporter.web.http.queries import BadRequestError, Begin, End, OfSelection, Query
from exporter.web.http.routes import Routes
from reports.billing.estimates import estimate
from reports.billing.plans import named
from reports.calendar.days import day_of
from reports.calendar.requests import PeriodRequest
from reports.formats.json import periods as shapes
from reports.pictures import pictures
from reports.pictures.badge import BADGES, plan_badge, usage_badge
from reports.pictures.periods import MOST_PERIODS
from reports.pictures.sheet import PictureContext, until_text
from reports.pictures.theme import AUTO, THEMES
from reports.usage.period_list import PeriodListRequest, period_list
from reports.usage.usage import usage

if TYPE_CHECKING:
    from exporter.web.http.routes import LedgerRequest
    from reports.formats.json.periods import PeriodsAnswer

routes = Routes()

LABEL = "netledger"
"""The name of a badge of the machine's total."""

WHOLE = re.compile("[0-9]{1,9}", re.ASCII)

ChartName = Annotated[
    str,
    msgspec.Meta(
        description="Which picture: it shows what the command of its name lists.",
        extra_json_schema={"enum": list(pictures.PICTURES)},
        examples=["days"],
    ),
]
BadgeName = Annotated[
    str,
    msgspec.Meta(
        description="Bytes of which period, until now.", extra_json_schema={"enum": list(BADGES)}, examples=["month"]
    ),
]
Number = Annotated[
    str,
    msgspec.Meta(
        description="So many periods, the running one included; not with `from`, and not of a summary.",
        extra_json_schema={"type": "integer", "minimum": 1, "maximum": MOST_PERIODS},
        examples=["14"],
    ),
]
ThemeName = Annotated[
    str,
    msgspec.Meta(
        description="Colours; auto is as the reader's system has them.",
        extra_json_schema={"enum": list(THEMES), "default": AUTO},
    ),
]
PlanName = Annotated[str, msgspec.Meta(description="Name of a plan of the settings; the first.", examples=["default"])]


class ChartQuery(OfSelection, frozen=True, kw_only=True, rename={"first": "from", "last": "to", "number": "last"}):
    """Which picture, and of which periods."""

    name: ChartName
    number: Number | None = None
    first: Begin | None = None
    last: End | None = None
    theme: ThemeName = AUTO


class BadgeQuery(OfSelection, frozen=True, kw_only=True):
    """Which period."""

    name: BadgeName


class PlanBadgeQuery(Query, frozen=True, kw_only=True):
    """Which plan."""

    plan: PlanName | None = None


@routes.page("/chart/{name}.svg", "A picture of usage for a README, a wiki or a home page", SVG)
async def chart(request: web.Request, query: ChartQuery) -> web.Response:
    """The picture that `netledger image` draws."""
    if query.theme not in THEMES:
        raise BadRequestError(f"theme: {query.theme!r} is refused; use {', '.join(THEMES)}")
    bounds = PeriodListRequest(number=_number(query.number), first=query.first, last=query.last)
    requests = pictures.picture_requests(query.name, bounds)

    def write(reading: LedgerRequest) -> str:
        answers = [_answer(reading, each) for each in requests]
        dates = DateStyle(reading.service.settings.display.locale)
        until = until_text(reading.now, reading.zone, dates)
        context = PictureContext(_label(query, query.usage_filter.label), until, _style(reading), query.theme, dates)
        return pictures.draw(query.name, answers, context)

    return await send_drawing(request, query, write)


@routes.page("/badge/{name}.svg", "A badge with the bytes of a period", SVG)
async def badge(request: web.Request, query: BadgeQuery) -> web.Response:
    """Received and sent bytes until now in one line."""
    if query.name not in BADGES:
        raise BadRequestError(f"name: {query.name!r} is no badge: use {', '.join(BADGES)} or plan")
    label = _label(query, LABEL)
    return await send_drawing(
        request,
        query,
        lambda reading: usage_badge(label, query.name, _total(reading, query.name), _style(reading)),
    )


@routes.page("/badge/plan.svg", "A badge with what is used of a plan", SVG)
async def badge_of_plan(request: web.Request, query: PlanBadgeQuery) -> web.Response:
    """The share of the cap in this cycle, coloured by it; bytes where the plan has none."""

    def write(reading: LedgerRequest) -> str:
        status = reading.status(named(reading.plans, query.plan))
        return plan_badge(status.plan.name, status.used, status.cap, _style(reading))

    return await send_drawing(request, query, write)


def _label(query: OfSelection, machine: str) -> str:
    """What is drawn, for people; `machine` stands for this machine."""
    hosts = words_of(query.hosts)
    named = [hosts_label(hosts)] if hosts else []
    return ", ".join([*named, query.usage_filter.label] if any(query.usage_filter) else named) or machine


def _answer(reading: LedgerRequest, request: PeriodListRequest) -> PeriodsAnswer:
    """As /api/periods answers."""
    found = period_list(reading.ledger, reading.now, request, reading.selection)
    expected = found.running and estimate(reading.ledger, found.running, reading.now, reading.selection)
    return shapes.periods(found, expected, reading.zone)


def _total(reading: LedgerRequest, name: str) -> int | None:
    if name == "ever":
        return reading.ledger.lifetime(reading.selection).total
    period = PeriodRequest(name).period(day_of(reading.now, reading.zone), reading.zone, name)
    found = usage(reading.ledger, period, reading.now, reading.selection)
    return None if found.began is None else found.total.total


def _style(reading: LedgerRequest) -> AmountStyle:
    display = reading.service.settings.display
    return AmountStyle(display.units, display.rate, display.locale)


def _number(text: str | None) -> int | None:
    if text is None or WHOLE.fullmatch(text):
        return None if text is None else int(text)
    raise BadRequestError(f"last: {text!r} is refused; write a whole number from 1 to {MOST_PERIODS}")
