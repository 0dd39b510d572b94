"""`netledger` without a command: the whole on one screen."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import click

from exporter.session import usage_questions as questions
from exporter.session.application_questions import ApplicationsRequest, all_applications
from exporter.session.questions import ask
from exporter.session.session import open_session
from exporter.terminal.printing import UNKNOWN, TextTable, print_table
from reports.calendar.days import ONE_DAY
from reports.calendar.period import Period
from reports.text.amounts import human_bits, human_bytes
from reports.text.dates import month_text, short_minute

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from exporter.session.environment import Environment
    from exporter.session.session import Session
    from reports.formats.json import usage as shapes
    from reports.formats.json.plans import PlanAnswer
    from reports.formats.shapes import Usage

COLUMNS = ("", "Received", "Sent", "Total", "Average")

Amount: TypeAlias = "shapes.PeriodAmounts | Usage | shapes.Today"


class Line(NamedTuple):
    """One line of the table: an amount and the stretch that it fell into (UTC seconds)."""

    name: str
    used: Amount
    start: float
    end: float


@click.command()
@click.pass_obj
def overview(environment: Environment) -> None:
    """Today, yesterday, this and the last month, and ever; plans, the busiest application, and whether it runs."""
    session = open_session(environment)
    ever, zone, until = ask(session, questions.summary(session))
    plans = ask(session, questions.plans(session)).answer.plans
    began = None if ever.counting_since is None else datetime.fromisoformat(ever.counting_since)
    lines = list(_lines(session, zone))
    if began is not None:
        lines.append(Line("Ever", ever, began.timestamp(), session.now()))
    rows = [_row(line, began.timestamp() if began else session.now(), session.now()) for line in lines]
    notes = [note for plan in plans for note in _plan_notes(plan)] + list(_application_notes(session))
    notes.append("nothing is counted yet" if began is None else f"counting since {short_minute(began)}")
    print_table(TextTable("All counted interfaces", COLUMNS, rows), [*notes, until])


def _lines(session: Session, zone: ZoneInfo) -> Iterator[Line]:
    today = ask(session, questions.today(session)).answer
    day = date.fromisoformat(today.date)
    yield _line("Today", today, Period.day(day, zone))
    before = day - ONE_DAY
    yesterday = ask(session, questions.days(session, before, before)).answer
    yield _line("Yesterday", yesterday.summary, Period.day(before, zone))
    first = day.replace(day=1)
    for month in (first, (first - ONE_DAY).replace(day=1)):
        answer = ask(session, questions.month(session, (month.year, month.month))).answer
        yield _line(month_text(month), answer.summary, Period.month(month.year, month.month, zone))


def _line(name: str, used: Amount, period: Period) -> Line:
    return Line(name, used, period.start, period.end)


def _row(line: Line, began: float, now: float) -> tuple[str, ...]:
    """The average is over the time since it began, or counting did."""
    used = line.used
    amounts = (used.bytes_received, used.bytes_sent, used.total_bytes)
    seconds = min(line.end, now) - max(line.start, began)
    average = UNKNOWN if used.total_bytes is None or seconds < 1 else human_bits(used.total_bytes / seconds)
    return (line.name, *(UNKNOWN if amount is None else human_bytes(amount) for amount in amounts), average)


def _application_notes(session: Session) -> Iterator[str]:
    """The application that moved most today; nothing where none did."""
    found = ask(session, all_applications(session, ApplicationsRequest(limit=1))).answer
    for row in found.applications:
        if row.total_bytes:
            share = f"{100 * row.share:.0f} % of what applications moved"
            yield f"busiest application today: {row.application}, {human_bytes(row.total_bytes)} ({share})"


def _plan_notes(plan: PlanAnswer) -> Iterator[str]:
    """Used and left bytes of a plan, and the forecast of its cycle."""
    left = ""
    if plan.cap_bytes is not None and plan.left_bytes is not None:
        over = "over" if plan.left_bytes < 0 else "left"
        share = f"{100 * (plan.used_ratio or 0):.1f} %"
        left = f" of {human_bytes(plan.cap_bytes)} ({share}), {human_bytes(abs(plan.left_bytes))} {over}"
    yield f"plan {plan.name}: {human_bytes(plan.used_bytes)} used{left}, until {plan.cycle.last}"
    ahead = plan.forecast
    if ahead.expected_bytes is not None and ahead.low_bytes is not None and ahead.high_bytes is not None:
        span = f"{human_bytes(ahead.low_bytes)} to {human_bytes(ahead.high_bytes)}"
        yield f"plan {plan.name}: {human_bytes(ahead.expected_bytes)} expected then ({span})"
