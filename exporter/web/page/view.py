"""Writes the page: facts and the moment, through Jinja templates that escape everything."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import exporter
from exporter.web.page import words
from exporter.web.page.asset_files import address
from reports.billing.plans import Plan
from reports.calendar.periods import day_start, iso
from reports.calendar.spans import RANGES
from reports.charts.columns import column_chart
from reports.formats.registry import FORMATS
from reports.text.amounts import human_bits, human_bytes, human_duration
from reports.wrapup.chapters.chapter import isolated_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from exporter.ledger.upkeep.upkeep import LedgerFigures
    from exporter.ledger.writing.poster import CommitHealth
    from exporter.metering.snapshots import InterfaceState
    from exporter.web.page.facts import PageFacts
    from exporter.web.page.live import Speed
    from exporter.web.page.live_frame import LiveFrame
    from reports.text.grafana_links import GrafanaLinks
    from reports.usage.series import Point

MODULES = tuple(f"{name}.js" for name in ("access", "chart", "downloads", "live", "months", "parts", "themes"))
"""What page.js imports: fetched beside it, not after it."""

TEMPLATES = Path(__file__).parent / "templates"
MONTH_HEIGHT = 190
WRAP_UP = "html"
"""Has a button of its own, which shows it instead of saving it."""

FORMAT_NAMES = {"json": "JSON", "csv": "CSV", "llm": "LLM text", "toon": "TOON", "markdown": "Markdown"}
RANGE_NAMES = {"today": "Today", "week": "This week", "month": "This month", "year": "This year", "all": "Everything"}


class Shown(NamedTuple):
    """What the running service knows at the moment of a page; `recent` are speeds that earlier frames told."""

    hostname: str
    frame: LiveFrame
    interfaces: Sequence[InterfaceState]
    recent: Sequence[Speed]
    commit: CommitHealth
    figures: LedgerFigures | None
    gap_seconds: int
    sample_interval: float
    grafana: GrafanaLinks | None
    needs_key: bool


class Row(NamedTuple):
    """One interface of the table."""

    name: str
    is_counted: bool
    is_there: bool
    is_down: bool
    kind: str
    link: str
    receive: str
    transmit: str
    today: str
    lifetime: str


def page(shown: Shown, facts: PageFacts, zone: ZoneInfo) -> str:
    """The whole page."""
    return (
        _environment()
        .get_template("page.html")
        .render(
            shown=shown,
            frame=shown.frame,
            facts=facts,
            zone=zone.key,
            today=words.short_date(facts.today),
            offset=iso(facts.now, zone)[-6:],
            month=words.month_words(facts),
            month_height=MONTH_HEIGHT,
            today_cost=words.cost_words(facts.today_cost),
            lifetime=words.lifetime_words(facts),
            plans=[words.plan_words(status, zone, facts.now) for status in facts.plans],
            has_named_plan=len(facts.plans) > 1 or facts.plans[0].plan.name != Plan().name,
            records=words.record_words(facts.records),
            gaps=words.gap_words(facts.gaps),
            yesterday=words.UNKNOWN if facts.yesterday is None else human_bytes(facts.yesterday.total),
            rows=list(_rows(shown)),
            history=_history(shown, facts),
            formats={name: FORMAT_NAMES.get(name, name) for name in FORMATS if name != WRAP_UP},
            ranges={name: RANGE_NAMES[name] for name in RANGES},
            links=_grafana(shown, facts, zone),
            health=list(_health(shown, facts)),
        )
    )


def trouble(shown: Shown, reason: str) -> str:
    """What can be told while the ledger cannot be read; a browser asks again by itself."""
    return _environment().get_template("trouble.html").render(shown=shown, frame=shown.frame, reason=reason)


def shell() -> str:
    """A page without any data, which asks for the key."""
    return _environment().get_template("shell.html").render()


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
    made.globals.update(asset=address, version=exporter.__version__, column_chart=column_chart, modules=MODULES)
    made.filters["split_amount"] = _split
    made.filters["isolated"] = isolated_text
    return made


def _split(text: str) -> tuple[str, str]:
    """The number and its unit."""
    number, _, unit = text.rpartition(" ")
    return (number, unit) if number else (unit, "")


def _rows(shown: Shown) -> Iterator[Row]:
    """Counted ones first, then what is there, by name."""
    ordered = sorted(shown.interfaces, key=lambda state: (not state.is_counted, state.link is None, state.name))
    for state in ordered:
        link, texts = state.link, shown.frame.interfaces[state.name]
        speed = human_bits(link.speed).replace(".00 ", " ") if link and link.speed else ""
        is_down = link is not None and not link.is_up
        kind = link.kind if link else "gone"
        is_there = link is not None and not is_down
        yield Row(state.name, state.is_counted, is_there, is_down, kind, speed, *texts)


def _history(shown: Shown, facts: PageFacts) -> str:
    """Times and speeds of the last minutes as JSON columns for the chart: what frames told, and before them minutes."""
    told = shown.recent
    since = told[0].at if told else facts.now
    points = [_minute(point, facts.now) for point in facts.recent.points]
    rows = [point for point in points if point[0] < since]
    rows += [(speed.at, speed.receive, speed.transmit) for speed in told]
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    return json.dumps(columns, separators=(",", ":"))


def _minute(point: Point, now: int) -> tuple[int, int | None, int | None]:
    """A minute's mean speed at its middle; of the running one until now."""
    end = min(point.end, now)
    seconds = max(end - point.start, 1)
    at = (point.start + end) // 2
    if point.bytes is None:
        return at, None, None
    return at, point.bytes.received // seconds, point.bytes.sent // seconds


def _grafana(shown: Shown, facts: PageFacts, zone: ZoneInfo) -> dict[str, str]:
    """Where Grafana shows the same, by name; none without one."""
    links = shown.grafana
    if links is None:
        return {}
    return {
        "Overview": links.overview(facts.month.period.start),
        "Interfaces": links.interfaces(day_start(facts.today, zone)),
        "Plans": links.plans(facts.plans[0].cycle.start),
        "Health": links.health(facts.now - 86_400),
    }


def _health(shown: Shown, facts: PageFacts) -> Iterator[tuple[str, str, str]]:
    """Names, texts, and "bad" where one needs attention."""
    problem = shown.commit.problem
    yield ("Ledger", f"cannot be written: {problem}", "bad") if problem else ("Ledger", "up to date", "")
    yield "Gaps", words.gap_words(facts.gaps), ""
    if shown.figures is not None:
        yield "Size", human_bytes(shown.figures.size_bytes), ""
    if facts.began is not None:
        yield "Counting since", f"{facts.began.isoformat()}", ""
    if shown.gap_seconds:
        yield "Unwatched so far", human_duration(shown.gap_seconds), ""
