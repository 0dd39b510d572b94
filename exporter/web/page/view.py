"""Writes the page: facts and the moment, through Jinja templates that escape everything."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import exporter
from exporter.web.page.asset_files import address
from exporter.web.page.facts import MOST_APPLICATIONS
from exporter.web.page.live_frame import METER_SECTIONS
from exporter.web.page.sections.applications import IDLE, notes
from exporter.web.page.sections.bars import direction_shares, plan_gauge
from exporter.web.page.sections.health import health_rows
from exporter.web.page.sections.machines import machines_view, sharing_line
from exporter.web.page.sections.month import UNKNOWN, month_view
from exporter.web.page.sections.now import speed_columns
from exporter.web.page.sections.records import record_rows
from exporter.web.page.sections.requests import route_rows
from reports.billing.plans import Plan
from reports.billing.prices import has_price, money
from reports.calendar.days import DAY_SECONDS, day_of, day_start, iso
from reports.calendar.requests import RANGES
from reports.charts.columns import column_chart
from reports.formats.registry import FORMATS
from reports.text.amounts import human_bytes
from reports.text.dates import long_weekday_date, short_date, weekday_date
from reports.wrapup.chapters.chapter import bidi_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.metering.snapshots import Snapshot
    from exporter.web.context import ServiceContext
    from exporter.web.page.facts import PageFacts
    from exporter.web.page.live import Speed
    from exporter.web.page.live_frame import LiveFrame

MODULES = tuple(f"{name}.js" for name in ("access", "chart", "downloads", "live", "months", "parts", "themes"))
"""What page.js imports: fetched beside it, not after it."""

TEMPLATES = Path(__file__).parent / "templates"
MONTH_HEIGHT = 190
WRAP_UP = "html"
"""Has a button of its own, which shows it instead of saving it."""

FORMAT_NAMES = {"json": "JSON", "csv": "CSV", "llm": "LLM text", "toon": "TOON", "markdown": "Markdown"}
RANGE_NAMES = {"today": "Today", "week": "This week", "month": "This month", "year": "This year", "all": "Everything"}


class PageContext(NamedTuple):
    """What the running service knows at the moment of a page; `recent` are the speeds of earlier frames."""

    service: ServiceContext
    snapshot: Snapshot
    frame: LiveFrame
    recent: Sequence[Speed]


def page(context: PageContext, facts: PageFacts, zone: ZoneInfo) -> str:
    """The whole page."""
    service, snapshot, frame, recent = context
    return _render(
        "page.html",
        hostname=service.host.name,
        sample_interval=service.settings.interfaces.sample_interval,
        frame=frame,
        facts=facts,
        texts=_texts(frame, facts),
        machines=facts.machines and machines_view(facts.machines),
        zone=zone,
        offset=iso(facts.now, zone)[-6:],
        month=month_view(facts),
        month_height=MONTH_HEIGHT,
        unknown=UNKNOWN,
        idle=IDLE,
        most_applications=MOST_APPLICATIONS,
        application_notes=list(notes(snapshot, facts)),
        request_routes=list(route_rows(facts)),
        has_named_plan=len(facts.plans) > 1 or facts.plans[0].plan.name != Plan().name,
        records=list(record_rows(facts.records, facts.aliases)),
        meters={
            name: list(section.rows(snapshot, frame.meters[name], facts)) for name, section in METER_SECTIONS.items()
        },
        history=speed_columns(recent, facts),
        formats={name: FORMAT_NAMES.get(name, name) for name in FORMATS if name != WRAP_UP},
        ranges={name: RANGE_NAMES[name] for name in RANGES},
        links=_grafana(service, facts, zone),
        health=list(health_rows(service, snapshot, facts)),
    )


def _texts(frame: LiveFrame, facts: PageFacts) -> Mapping[str, str]:
    """The texts of the frame; where the usage of several machines is shown, that of today is theirs."""
    if not facts.hosts:
        return frame.texts
    moved = facts.moved_today
    amounts = {"today": moved.total, "today-received": moved.received, "today-sent": moved.sent}
    return {**frame.texts, **{name: human_bytes(amount) for name, amount in amounts.items()}}


def trouble(context: PageContext, reason: str) -> str:
    """What can be said while the ledger cannot be read; a browser asks again by itself."""
    return _render("trouble.html", hostname=context.service.host.name, frame=context.frame, reason=reason)


def shell() -> str:
    """A page without any data, which asks for the key."""
    return _render("shell.html")


def _render(template: str, **context: object) -> str:
    return _environment().get_template(template).render(**context)


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    functions = (column_chart, plan_gauge, direction_shares, has_price, sharing_line)
    made.globals.update({function.__name__: function for function in functions})
    made.globals.update(asset=address, version=exporter.__version__, modules=MODULES)
    filters = (human_bytes, money, day_of, iso, short_date, weekday_date, long_weekday_date)
    made.filters.update({function.__name__: function for function in filters})
    made.filters.update(split_amount=split_amount, bidi_text=bidi_text)
    return made


def split_amount(text: str) -> tuple[str, str]:
    """The number and its unit."""
    number, _, unit = text.rpartition(" ")
    return (number, unit) if number else (unit, "")


def _grafana(service: ServiceContext, facts: PageFacts, zone: ZoneInfo) -> dict[str, str]:
    """Where Grafana shows the same, by name; none without one."""
    links = service.grafana
    if links is None:
        return {}
    return {
        "Overview": links.overview(facts.month.period.start),
        "Interfaces": links.interfaces(day_start(facts.today, zone)),
        "Applications": links.applications(day_start(facts.today, zone)),
        "Requests": links.requests(day_start(facts.today, zone)),
        "Plans": links.plans(facts.plans[0].cycle.start),
        "Health": links.health(facts.now - DAY_SECONDS),
    }
