"""Billing plans on the command line: how they stand, and what is to come."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.session.dashboards import dashboard_notes
from exporter.session.questions import ask
from exporter.session.reading import CommandAnswer, reading
from exporter.session.usage_questions import plans
from exporter.terminal.amounts import UNKNOWN, bytes_text, known_bytes, percent_text, price_text
from exporter.terminal.dates import clock_text, time_text
from exporter.terminal.imported import across_note, imported_note
from exporter.terminal.plan_machines import machine_rows, sharing_notes
from exporter.terminal.printing import CONTROL, TextTable, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.session import Session
    from reports.formats.json.forecast import ForecastAnswer, Money
    from reports.formats.json.plans import PlanAnswer


@click.command()
@click.argument("name", required=False)
@reading()
def plan(session: Session, *, name: str | None) -> CommandAnswer:
    """What is used and left of each plan, what it costs, and what is to come; NAME shows one.

    `netledger plan test-notify [NAME]` sends a test notice. A plan of that name is shown after --.
    """
    found = ask(session, plans(session, name)).answer
    return CommandAnswer(found, partial(_print_plans, session, found.plans))


def _print_plans(session: Session, answers: Sequence[PlanAnswer]) -> None:
    for answer in answers:
        notes = [*imported_note(answer.imported_bytes), *across_note(answer.imported_bytes_across, "this cycle")]
        notes += across_note(answer.last_cycle.imported_bytes_across, "the last cycle")
        notes += sharing_notes(answer)
        print_table(TextTable(_printable(answer.name), (), _facts(answer)), [*notes, *_dashboard(session, answer)])


@click.command()
@click.argument("name", required=False)
@reading()
def forecast(session: Session, *, name: str | None) -> CommandAnswer:
    """What a plan's cycle will have used and cost at its end; the first plan by default."""
    answer = ask(session, plans(session, name)).answer.plans[0]
    return CommandAnswer(answer.forecast, partial(_print_forecast, session, answer))


def _print_forecast(session: Session, answer: PlanAnswer) -> None:
    ahead = answer.forecast
    rows = [
        ("Used so far", bytes_text(answer.used_bytes)),
        ("Expected", _expected(ahead)),
        ("Range", _range(ahead)),
    ]
    if answer.cost is not None:
        rows += [("Expected cost", _cost(ahead.cost)), ("Range of cost", _cost(ahead.cost_low, ahead.cost_high))]
    rows.append(("Cap reached", _reached(answer)))
    method = [f"Method: {ahead.method}."] if ahead.method else []
    if ahead.counting_since is not None:
        method.append(f"Counting since {time_text(ahead.counting_since)}.")
    title = f"{_printable(answer.name)}: until {time_text(answer.cycle.last)}"
    print_table(TextTable(title, (), rows), [*method, *_dashboard(session, answer)])


def _facts(answer: PlanAnswer) -> Sequence[tuple[str, str]]:
    ahead, left = answer.forecast, answer.left_bytes
    cycle = time_text(f"{answer.cycle.first} to {answer.cycle.last}")
    rows = [
        ("Plan", answer.name),
        *_scopes(answer),
        *machine_rows(answer),
        ("Cycle", cycle),
        ("Used", bytes_text(answer.used_bytes)),
        *_free(answer),
    ]
    if left is not None:
        share = percent_text(answer.used_ratio or 0)
        rows += [("Cap", _cap(answer)), ("Left", f"{'-' * (left < 0)}{bytes_text(abs(left))}"), ("Share", share)]
        rows += [("Allowed per day", known_bytes(answer.allowed_per_day_bytes)), ("Cap reached", _reached(answer))]
    if answer.free_hours_since:
        rows.append(("Free hours known", f"since {time_text(answer.free_hours_since)}; earlier ones are billed"))
    rows += [
        ("Days left", str(answer.days_left)),
        ("Forecast", f"{_expected(ahead)} ({_range(ahead)})" if ahead.reason is None else ahead.reason),
    ]
    if answer.cost is not None:
        rows += [("Cost so far", _cost(answer.cost)), ("Expected cost", _cost(ahead.cost))]
    rows += [
        ("Last cycle by now", known_bytes(answer.last_cycle.used_bytes_by_this_day)),
        ("Last cycle", _last_cycle(answer)),
    ]
    return rows


def _scopes(answer: PlanAnswer) -> list[tuple[str, str]]:
    """What a plan of scopes bills."""
    if isinstance(answer.scopes, list):
        return [("Scopes", ", ".join(answer.scopes) or "all but loopback")]
    return []


def _free(answer: PlanAnswer) -> list[tuple[str, str]]:
    """Bytes in free hours, and the end of the current ones."""
    until = [f"free until {clock_text(answer.free_until)}"] if answer.free_until else []
    amount = [bytes_text(answer.free_bytes)] if answer.free_bytes or until else []
    return [("Free", ", ".join([*amount, *until]))] if amount else []


def _cap(answer: PlanAnswer) -> str:
    """With what earlier cycles left where there is some."""
    cap, carried = answer.cap_bytes or 0, answer.carried_bytes or 0
    if not carried:
        return bytes_text(cap)
    return f"{bytes_text(cap)} ({bytes_text(cap - carried)} + {bytes_text(carried)} carried over)"


def _last_cycle(answer: PlanAnswer) -> str:
    """Bytes of the last cycle; of the first one, since counting began."""
    last, since = answer.last_cycle, answer.forecast.counting_since
    is_cut = last.used_bytes is not None and not last.counted_whole and since is not None
    return f"{known_bytes(last.used_bytes)} since {time_text(since or '')}" if is_cut else known_bytes(last.used_bytes)


def _dashboard(session: Session, answer: PlanAnswer) -> list[str]:
    start = int(datetime.fromisoformat(answer.cycle.start).timestamp())
    return dashboard_notes(session.settings, lambda links: links.plans(start, None, answer.name))


def _printable(name: str) -> str:
    """A name without marks that would turn round the line of a terminal."""
    return name.translate(CONTROL)


def _expected(ahead: ForecastAnswer) -> str:
    return ahead.reason or known_bytes(ahead.expected_bytes)


def _range(ahead: ForecastAnswer) -> str:
    if ahead.low_bytes is None or ahead.high_bytes is None:
        return UNKNOWN
    return f"{bytes_text(ahead.low_bytes)} to {bytes_text(ahead.high_bytes)}"


def _cost(*amounts: Money | None) -> str:
    return " to ".join(price_text(each.amount, each.currency, each.formatted) for each in amounts if each) or UNKNOWN


def _reached(answer: PlanAnswer) -> str:
    if answer.cap_reached_at is not None:
        return time_text(answer.cap_reached_at)
    return UNKNOWN if answer.forecast.reason else "not in this cycle"
