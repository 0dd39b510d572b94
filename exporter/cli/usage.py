"""Usage on the command line: today, week, month, year, range, summary."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import click

from exporter.session import usage_questions as questions
from exporter.session.dashboards import dashboard_notes
from exporter.session.questions import ask, when
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.amounts import bytes_text, known_bytes, known_speed, price_text, speed_text
from exporter.terminal.dates import time_text
from exporter.terminal.imported import imported_note, mark_note, marked
from exporter.terminal.options import by_option, hosts_option, refuse_interfaces
from exporter.terminal.printing import TextTable, print_table
from exporter.terminal.question_options import DATE, MONTH, YEAR, filter_options
from reports.calendar.days import day_of
from reports.calendar.parsing import parse_month
from reports.calendar.period import Period
from reports.formats.json import usage as shapes
from reports.text.amounts import average_speed
from reports.text.dates import short_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exporter.session.questions import Reply
    from exporter.session.session import Session
    from reports.calendar.requests import IsoDate, IsoMonth, IsoYear
    from reports.formats.json import cost as json_cost
    from reports.formats.shapes import Usage
    from reports.usage.scopes import UsageFilter

AMOUNT_COLUMNS = ("Received", "Sent", "Total")

Amount: TypeAlias = "shapes.Day | shapes.MonthOfYear | shapes.PeriodAmounts | Usage | shapes.Today"
Parts: TypeAlias = "Reply[shapes.Month] | Reply[shapes.Range] | Reply[shapes.Year]"


class Part(NamedTuple):
    """One row of a table: a day or a month."""

    name: str
    amount: shapes.Day | shapes.MonthOfYear | shapes.PeriodAmounts
    period: Period


@click.command()
@by_option
@filter_options
@hosts_option
@reading()
def today(session: Session, *, usage_filter: UsageFilter, dimension: str | None) -> CommandAnswer:
    """Usage since local midnight."""
    if dimension is not None:
        return _by_application(session, "today", usage_filter)
    found = ask(session, questions.today(session, usage_filter))
    return CommandAnswer(found.answer, partial(_print_today, session, found, usage_filter))


@click.command()
@by_option
@filter_options
@hosts_option
@reading()
def week(session: Session, *, usage_filter: UsageFilter, dimension: str | None) -> CommandAnswer:
    """Usage since Monday, by day."""
    if dimension is not None:
        return _by_application(session, "week", usage_filter)
    found = ask(session, questions.week(session, usage_filter))
    return _by_parts(session, found, Period.week(date.fromisoformat(found.answer.first), found.zone), usage_filter)


@click.command()
@click.argument("month", metavar="[YYYY-MM]", type=MONTH, required=False)
@by_option
@filter_options
@hosts_option
@reading()
def month(
    session: Session, *, month: IsoMonth | None, usage_filter: UsageFilter, dimension: str | None
) -> CommandAnswer:
    """Usage of a month, by day; the current one by default."""
    if dimension is not None:
        period = "month" if month is None else f"{month[0]:04}-{month[1]:02}"
        return _by_application(session, period, usage_filter)
    found = ask(session, questions.month(session, month, usage_filter))
    return _by_parts(session, found, Period.month(*parse_month(found.answer.month), found.zone), usage_filter)


@click.command()
@click.argument("year", metavar="[YYYY]", type=YEAR, required=False)
@filter_options
@hosts_option
@reading()
def year(session: Session, *, year: IsoYear | None, usage_filter: UsageFilter) -> CommandAnswer:
    """Usage of a year, by month; the current one by default."""
    found = ask(session, questions.year(session, year, usage_filter))
    return _by_parts(session, found, Period.year(int(found.answer.year), found.zone), usage_filter)


@click.command("range")
@click.option("--from", "first", metavar="YYYY-MM-DD", type=DATE, required=True, help="First day.")
@click.option("--to", "last", metavar="YYYY-MM-DD", type=DATE, required=True, help="Last day, included.")
@filter_options
@hosts_option
@reading()
def range_command(session: Session, *, first: IsoDate, last: IsoDate, usage_filter: UsageFilter) -> CommandAnswer:
    """Usage of any days, first and last included."""
    found = ask(session, questions.days(session, first.at, last.at, usage_filter))
    return _by_parts(session, found, Period.days(first.at, last.at, found.zone), usage_filter)


@click.command()
@filter_options
@hosts_option
@reading()
def summary(session: Session, *, usage_filter: UsageFilter) -> CommandAnswer:
    """Usage since counting began."""
    found = ask(session, questions.summary(session, usage_filter))
    return CommandAnswer(found.answer, partial(_print_summary, session, found, usage_filter))


def _by_application(session: Session, period: str, usage_filter: UsageFilter) -> CommandAnswer:
    refuse_interfaces("application", usage_filter.interfaces)
    tables = import_module("exporter.session.application_tables")  # 3 ms that no other answer needs
    answer: CommandAnswer = tables.period_answer(session, period, usage_filter.scopes)
    return answer


def _print_today(session: Session, found: Reply[json_cost.TodayAndCost], usage_filter: UsageFilter) -> None:
    day = found.answer
    period = Period.day(date.fromisoformat(day.date), found.zone)
    began = _instant(day.counting_since) if day.counting_since else period.start
    rows = [*_amounts(day), ("Average", _average(day, period, session.now(), began)), *_cost_row(day.cost)]
    if day.peak_speed:
        rows.append(("Peak", speed_text(day.peak_speed)))
    notes = [
        found.until,
        *_estimated(day),
        *imported_note(day.imported_bytes),
        *_left_out(day.cost),
        *_dashboard(session, period, usage_filter),
    ]
    if day.counting_since:
        notes.insert(0, _began(day.counting_since))
    print_table(TextTable(f"{time_text(day.date)}, {session.label(usage_filter)}", (), rows), notes)


def _print_summary(session: Session, found: Reply[json_cost.Summary], usage_filter: UsageFilter) -> None:
    ever = found.answer
    since = None if ever.counting_since is None else _instant(ever.counting_since)
    began = "nothing is counted yet" if since is None else f"since {when(since, found.zone)}"
    dashboard = dashboard_notes(session.settings, lambda links: links.usage(since or 0, None, usage_filter.interfaces))
    average = _average(ever, Period.until(day_of(session.now(), found.zone), found.zone), session.now(), since)
    rows = [*_amounts(ever), ("Average", average), *_cost_row(ever.cost)]
    notes = [began, *_estimated(ever), *imported_note(ever.imported_bytes), *_left_out(ever.cost), *dashboard]
    print_table(TextTable(f"Ever, {session.label(usage_filter)}", (), rows), notes)


def _by_parts(session: Session, found: Parts, period: Period, usage_filter: UsageFilter) -> CommandAnswer:
    return CommandAnswer(found.answer, partial(_print_parts, session, found, period, usage_filter))


def _print_parts(session: Session, found: Parts, period: Period, usage_filter: UsageFilter) -> None:
    name, parts = _parts(found)
    since = found.answer.counting_since
    began = None if since is None else _instant(since)
    rows = [
        (
            marked(time_text(part.name), part.amount.imported_bytes),
            *_words(part.amount),
            _average(part.amount, part.period, session.now(), began),
        )
        for part in (*parts, Part("Total", found.answer.summary, period))
    ]
    bars = [*(part.amount.total_bytes for part in parts), None]
    summed = found.answer.summary
    notes = [*_estimated(summed), *mark_note(summed.imported_bytes), *_without_parts(summed, parts, name)]
    notes += _dashboard(session, period, usage_filter)
    if period.end > session.now():
        notes.insert(0, found.until)
    if since is not None and _instant(since) > period.start:
        notes.insert(0, _began(since))
    if not parts:
        notes = [f"{time_text(period.name)} is yet to come"]
    columns = (name, *AMOUNT_COLUMNS, "Average")
    print_table(TextTable(f"{time_text(period.name)}, {session.label(usage_filter)}", columns, rows, bars=bars), notes)


def _parts(found: Parts) -> tuple[str, list[Part]]:
    """The name of the parts, and the parts."""
    zone = found.zone
    if isinstance(found.answer, shapes.Year):
        months = found.answer.months
        return "Month", [Part(row.month, row, Period.month(*parse_month(row.month), zone)) for row in months]
    days = found.answer.days
    return "Date", [Part(row.date, row, Period.day(date.fromisoformat(row.date), zone)) for row in days]


def _average(used: Amount, period: Period, now: float, began: int | None) -> str:
    """Over the seconds that were counted; a dash where that is none."""
    return known_speed(average_speed(used.total_bytes, period.span.counted_seconds(now, began)))


def _amounts(used: Amount) -> list[tuple[str, ...]]:
    return list(zip(AMOUNT_COLUMNS, _words(used), strict=True))


def _words(used: Amount) -> tuple[str, ...]:
    amounts = (used.bytes_received, used.bytes_sent, used.total_bytes)
    return tuple(map(known_bytes, amounts))


def _cost_row(cost: json_cost.Cost) -> list[tuple[str, ...]]:
    return [] if cost.assumed else [("Cost", price_text(cost.total.cost, cost.currency, cost.total.cost_formatted))]


def _left_out(cost: json_cost.Cost) -> list[str]:
    """A note of what no bill has; none where no cost is shown."""
    across = 0 if cost.assumed else cost.imported_bytes_across
    return [f"{bytes_text(across)} imported across the ends of cycles: the cost is without it"] if across else []


def _dashboard(session: Session, period: Period, usage_filter: UsageFilter) -> list[str]:
    end = None if period.end > session.now() else period.end
    return dashboard_notes(session.settings, lambda links: links.usage(period.start, end, usage_filter.interfaces))


def _without_parts(summed: shapes.PeriodAmounts, parts: Sequence[Part], name: str) -> list[str]:
    """A note of what was imported of the whole alone, such as a month without its days."""
    of_whole = (summed.total_bytes or 0) - sum(part.amount.total_bytes or 0 for part in parts)
    unit = "months" if name == "Month" else "days"
    return [f"{bytes_text(of_whole)} of it imported, {unit} not known"] if of_whole else []


def _began(since: str) -> str:
    """A note, such as "counting began 28 Nov 2026 04:43"."""
    at = datetime.fromisoformat(since)
    return f"counting began {short_minute(at)}"


def _instant(since: str) -> int:
    return int(datetime.fromisoformat(since).timestamp())


def _estimated(used: Amount) -> Iterable[str]:
    estimated = getattr(used, "estimated_bytes", 0)
    return (
        [f"{bytes_text(estimated)} of it moved while nothing was sampled: its time is estimated"] if estimated else []
    )
