"""`netledger` without a command: the whole on one screen, or in one line."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias

import click

from exporter.session import usage_questions as questions
from exporter.session.application_questions import ApplicationsRequest, all_applications
from exporter.session.period_questions import periods
from exporter.session.questions import ask
from exporter.session.session import open_session
from exporter.terminal.amounts import bytes_text, known_bytes, known_speed, percent_text
from exporter.terminal.dates import time_text
from exporter.terminal.imported import MARK, mark_note, marked
from exporter.terminal.printing import CONTROL, TextTable, bar, is_unicode, print_table, terminal_width
from exporter.terminal.question_options import filter_options
from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.text.amounts import average_speed
from reports.text.dates import month_text, short_minute
from reports.usage.period_list import PeriodListRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from exporter.session.environment import Environment
    from exporter.session.session import Session
    from reports.formats.json import cost as json_cost
    from reports.formats.json import periods as shapes
    from reports.formats.json.plans import PlanAnswer
    from reports.usage.scopes import UsageFilter

COLUMNS = ("", "Received", "Sent", "Total", "Average")
BUSIEST = 3
WIDEST_GAUGE = 40
LINE_VERSION = "1"
"""Of the fields of one line: another number where one of them changes its place or meaning."""

Amount: TypeAlias = "shapes.PeriodAmount | shapes.EstimatedBytes | json_cost.Summary"


@click.command()
@filter_options
@click.option("--oneline", "is_line", is_flag=True)
@click.pass_obj
def overview(environment: Environment, *, usage_filter: UsageFilter, is_line: bool) -> None:
    """Today, yesterday, this and the last month, and ever; plans, the busiest applications, and whether it runs."""
    session = open_session(environment)
    if is_line:
        click.echo(";".join(_fields(session, usage_filter)))
        return
    ever, zone, until = ask(session, questions.summary(session, usage_filter))
    rows = [*_periods(session, "days", usage_filter), *_periods(session, "months", usage_filter)]
    rows.append(_ever_row(ever, zone, session.now()))
    notes = [*_since(ever), *mark_note(ever.imported_bytes), until, *_address(session)]
    if usage_filter == questions.NO_FILTER:
        plans = ask(session, questions.plans(session)).answer.plans
        notes = [note for plan in plans for note in _plan_notes(plan)] + [*_application_notes(session), *notes]
    title = usage_filter.label
    print_table(TextTable(f"{title[0].upper()}{title[1:]}" if not any(usage_filter) else title, COLUMNS, rows), notes)


def _fields(session: Session, usage_filter: UsageFilter) -> Iterator[str]:
    """The fifteen fields of `vnstat --oneline b`, in integers; a field without an amount is empty."""
    yield LINE_VERSION
    names = "+".join((*usage_filter.interfaces, *usage_filter.scopes)) or "total"
    yield names.translate(CONTROL).replace(";", "?")
    for unit in ("days", "months"):
        row = ask(session, periods(session, PeriodListRequest(unit, 1), usage_filter)).answer.periods[-1]
        yield row.period
        yield from map(_field, (row.bytes_received, row.bytes_sent, row.total_bytes, row.average_bytes_per_second))
    ever = ask(session, questions.summary(session, usage_filter)).answer
    yield from map(_field, (ever.bytes_received, ever.bytes_sent, ever.total_bytes))


def _field(amount: int | None) -> str:
    return "" if amount is None else str(amount)


def _periods(session: Session, unit: str, usage_filter: UsageFilter) -> Iterator[tuple[str, ...]]:
    """The running period with its estimate, and the one before."""
    found = ask(session, periods(session, PeriodListRequest(unit, 2), usage_filter)).answer
    names = ("Yesterday", "Today") if unit == "days" else tuple(month_text(_day(row.start)) for row in found.periods)
    for name, row in reversed(list(zip(names, found.periods, strict=True))):
        yield marked(name, row.imported_bytes), *_amounts(row), known_speed(row.average_bytes_per_second)
        if found.estimate and found.estimate.period == row.period:
            yield (
                "  estimated",
                *_amounts(found.estimate.expected),
                known_speed(found.estimate.average_bytes_per_second),
            )


def _ever_row(ever: json_cost.Summary, zone: ZoneInfo, now: float) -> tuple[str, ...]:
    began = None if ever.counting_since is None else int(datetime.fromisoformat(ever.counting_since).timestamp())
    seconds = Period.until(day_of(now, zone), zone).span.counted_seconds(now, began)
    return marked("Ever", ever.imported_bytes), *_amounts(ever), known_speed(average_speed(ever.total_bytes, seconds))


def _amounts(used: Amount) -> tuple[str, ...]:
    return tuple(map(known_bytes, (used.bytes_received, used.bytes_sent, used.total_bytes)))


def _day(start: str) -> date:
    return datetime.fromisoformat(start).date()


def _since(ever: json_cost.Summary) -> Iterator[str]:
    since = ever.counting_since
    yield "nothing is counted yet" if since is None else f"counting since {short_minute(datetime.fromisoformat(since))}"


def _address(session: Session) -> list[str]:
    """Where the service that counts can be seen."""
    service = session.client or session.fallback_service()
    return [] if service is None else [f"netledger runs: {session.holder.url if session.holder else service.url}"]


def _application_notes(session: Session) -> Iterator[str]:
    """The applications that moved most today; nothing where none did."""
    found = ask(session, all_applications(session, ApplicationsRequest(limit=BUSIEST))).answer
    rows = [
        f"{marked(row.application, row.imported_bytes)} {bytes_text(row.total_bytes)} ({100 * row.share:.0f} %)"
        for row in found.applications
        if row.total_bytes
    ]
    if rows:
        imported = f" ({MARK} imported)" if any(row.imported_bytes for row in found.applications) else ""
        yield f"busiest applications today: {', '.join(rows)}{imported}"


def _plan_notes(plan: PlanAnswer) -> Iterator[str]:
    """Used and left bytes of a plan, and the forecast of its cycle."""
    left = ""
    if plan.cap_bytes is not None and plan.left_bytes is not None:
        over = "over" if plan.left_bytes < 0 else "left"
        share = percent_text(plan.used_ratio or 0)
        left = f" of {bytes_text(plan.cap_bytes)} ({share}), {bytes_text(abs(plan.left_bytes))} {over}"
    yield f"plan {plan.name}: {bytes_text(plan.used_bytes)} used{left}, until {time_text(plan.cycle.last)}"
    yield from _gauge(plan)
    ahead = plan.forecast
    if ahead.expected_bytes is not None and ahead.low_bytes is not None and ahead.high_bytes is not None:
        span = f"{bytes_text(ahead.low_bytes)} to {bytes_text(ahead.high_bytes)}"
        yield f"plan {plan.name}: {bytes_text(ahead.expected_bytes)} expected then ({span})"


def _gauge(plan: PlanAnswer) -> Iterator[str]:
    """The used part of a cap as a bar; none in a pipe."""
    if plan.cap_bytes and sys.stdout.isatty() and is_unicode():
        width = min(terminal_width() - len("  [] 100.0 %"), WIDEST_GAUGE)
        used = min(plan.used_bytes, plan.cap_bytes)
        yield f"  [{bar(used, plan.cap_bytes, width):<{width}}]"
