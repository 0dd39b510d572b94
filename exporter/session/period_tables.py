"""Tables of usage period by period, as several commands print them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click
import msgspec

from exporter.session.dashboards import dashboard_notes
from exporter.session.period_questions import periods
from exporter.session.questions import ask
from exporter.session.reading import CommandAnswer
from exporter.terminal.amounts import bytes_text, known_bytes, known_speed
from exporter.terminal.dates import time_text
from exporter.terminal.imported import imported_note, mark_note, marked
from exporter.terminal.printing import TextTable, print_table
from exporter.terminal.question_options import BOUND
from reports.text.dates import short_minute
from reports.usage.period_list import BUSIEST, MOST_PERIODS, PeriodListRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.session.questions import Reply
    from exporter.session.session import Session
    from exporter.terminal.options import Command
    from reports.formats.json import periods as shapes
    from reports.formats.json.usage import PeriodAmounts
    from reports.usage.scopes import UsageFilter

AMOUNT_COLUMNS = ("Received", "Sent", "Total", "Average")


def list_options(command: Command, most: int = MOST_PERIODS) -> Command:
    """`--last N`, or `--from` and `--to`, given as `number`, `first` and `last`."""
    number = click.option(
        "--last", "number", metavar="N", type=click.IntRange(1, most), help="So many, the running one included."
    )
    first = click.option("--from", "first", metavar="DATE", type=BOUND, help="First day, or an instant.")
    last = click.option(
        "--to", "last", metavar="DATE", type=BOUND, help="Last day, included, or an instant; now by default."
    )
    return number(first(last(command)))


def list_answer(session: Session, request: PeriodListRequest, usage_filter: UsageFilter) -> CommandAnswer:
    """The answer of a command to a question of periods."""
    found = ask(session, periods(session, request, usage_filter))
    return CommandAnswer(found.answer, partial(_print_list, session, found, request, usage_filter))


def yesterday_answer(session: Session, usage_filter: UsageFilter) -> CommandAnswer:
    """The answer of a command to the question of the day before: the first of the last two."""
    found = ask(session, periods(session, PeriodListRequest("days", 2), usage_filter))
    return CommandAnswer(found.answer.periods[0], partial(_print_yesterday, session, found, usage_filter))


def _print_yesterday(session: Session, found: Reply[shapes.PeriodsAnswer], usage_filter: UsageFilter) -> None:
    day = found.answer.periods[0]
    cells = (*_words(day), known_speed(day.average_bytes_per_second))
    only = msgspec.structs.replace(found.answer, periods=[day], estimate=msgspec.UNSET)
    notes = [*_notes(found._replace(answer=only), session.now()), *imported_note(day.imported_bytes)]
    notes += _dashboard(session, only, usage_filter)
    rows = list(zip(AMOUNT_COLUMNS, cells, strict=True))
    print_table(TextTable(f"{time_text(day.period)}, {usage_filter.label}", (), rows), notes)


def _print_list(
    session: Session, found: Reply[shapes.PeriodsAnswer], request: PeriodListRequest, usage_filter: UsageFilter
) -> None:
    answer = found.answer
    rows = [(_name(row), *_words(row), known_speed(row.average_bytes_per_second)) for row in answer.periods]
    bars = [row.total_bytes for row in answer.periods]
    estimate = list(_estimate(answer))
    total = marked("Total", answer.summary.imported_bytes)
    rows += [*estimate, (total, *_words(answer.summary), known_speed(answer.average_bytes_per_second))]
    notes = [*_notes(found, session.now()), *mark_note(answer.summary.imported_bytes)]
    notes += _dashboard(session, answer, usage_filter)
    if not answer.periods:
        notes = ["nothing of this is counted yet"]
    table = TextTable(
        f"{_title(answer, request)}, {usage_filter.label}",
        (answer.unit[:-1].title(), *AMOUNT_COLUMNS),
        rows,
        bars=[*bars, *(None for _ in range(len(estimate) + 1))],
    )
    print_table(table, notes)


def _title(answer: shapes.PeriodsAnswer, request: PeriodListRequest) -> str:
    if request.order == BUSIEST:
        return f"Busiest {answer.unit}"
    if answer.unit not in {"minutes", "hours"} or not answer.periods:
        return answer.unit.capitalize()
    first, last = (time_text(row.start[: len("2026-06-12")]) for row in (answer.periods[0], answer.periods[-1]))
    return f"{answer.unit.capitalize()} of {first}" + (f" to {last}" if last != first else "")


def _name(row: shapes.PeriodAmount) -> str:
    """Hours and minutes without their year, which the title has: five columns fit 60 characters then."""
    if ":" in row.period:
        return time_text(row.period, has_year=False)
    return marked(time_text(row.period), row.imported_bytes)


def _words(used: shapes.PeriodAmount | PeriodAmounts | shapes.EstimatedBytes) -> tuple[str, ...]:
    amounts = (used.bytes_received, used.bytes_sent, used.total_bytes)
    return tuple(map(known_bytes, amounts))


def _estimate(answer: shapes.PeriodsAnswer) -> Iterator[tuple[str, ...]]:
    """One row, below that of the running period."""
    if ahead := answer.estimate:
        yield "estimated", *_words(ahead.expected), known_speed(ahead.average_bytes_per_second)


def _notes(found: Reply[shapes.PeriodsAnswer], now: float) -> Iterator[str]:
    """The range of the estimate, until when it is counted, and since when."""
    answer = found.answer
    if ahead := answer.estimate:
        span = f"{bytes_text(ahead.low.total_bytes)} to {bytes_text(ahead.high.total_bytes)}"
        yield f"estimated at the end of {time_text(ahead.period)}: {span}, in eight of ten cases"
    if not answer.periods:
        return
    starts = [datetime.fromisoformat(row.start).timestamp() for row in answer.periods]
    if max(datetime.fromisoformat(row.end).timestamp() for row in answer.periods) > now:
        yield found.until
    if answer.counting_since is not None:
        began = datetime.fromisoformat(answer.counting_since)
        if began.timestamp() > min(starts):
            yield f"counting began {short_minute(began)}"


def _dashboard(session: Session, answer: shapes.PeriodsAnswer, usage_filter: UsageFilter) -> list[str]:
    if not answer.periods:
        return []
    start = min(int(datetime.fromisoformat(row.start).timestamp()) for row in answer.periods)
    end = max(int(datetime.fromisoformat(row.end).timestamp()) for row in answer.periods)
    until = None if end > session.now() else end
    return dashboard_notes(session.settings, lambda links: links.usage(start, until, usage_filter.interfaces))
