"""Usage on the command line: today, week, month, year, range, summary."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import click

from exporter.session import usage_questions as questions
from exporter.session.dashboards import dashboard_notes
from exporter.session.questions import ask, when
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.options import DATE, MONTH, YEAR, interface_label, interface_option
from exporter.terminal.printing import UNKNOWN, TextTable, print_table
from reports.calendar.parsing import parse_month
from reports.calendar.period import Period
from reports.formats.json import usage as shapes
from reports.text.amounts import human_bytes, human_rate
from reports.text.dates import short_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exporter.session.questions import Reply
    from exporter.session.session import Session
    from reports.calendar.requests import IsoDate, IsoMonth, IsoYear
    from reports.formats.json import cost as json_cost
    from reports.formats.shapes import Usage

AMOUNT_COLUMNS = ("Received", "Sent", "Total")

Amount: TypeAlias = "shapes.Day | shapes.MonthOfYear | shapes.PeriodAmounts | Usage | shapes.Today"
Parts: TypeAlias = "Reply[shapes.Month] | Reply[shapes.Range] | Reply[shapes.Year]"


class Part(NamedTuple):
    """One row of a table: a day or a month."""

    name: str
    amount: shapes.Day | shapes.MonthOfYear


@click.command()
@interface_option()
@reading()
def today(session: Session, *, interfaces: Sequence[str]) -> CommandAnswer:
    """Usage since local midnight."""
    found = ask(session, questions.today(session, interfaces))
    return CommandAnswer(found.answer, partial(_print_today, session, found, interfaces))


@click.command()
@interface_option()
@reading()
def week(session: Session, *, interfaces: Sequence[str]) -> CommandAnswer:
    """Usage since Monday, by day."""
    found = ask(session, questions.week(session, interfaces))
    return _by_parts(session, found, Period.week(date.fromisoformat(found.answer.first), found.zone), interfaces)


@click.command()
@click.argument("month", metavar="[YYYY-MM]", type=MONTH, required=False)
@interface_option()
@reading()
def month(session: Session, *, month: IsoMonth | None, interfaces: Sequence[str]) -> CommandAnswer:
    """Usage of a month, by day; the current one by default."""
    found = ask(session, questions.month(session, month, interfaces))
    return _by_parts(session, found, Period.month(*parse_month(found.answer.month), found.zone), interfaces)


@click.command()
@click.argument("year", metavar="[YYYY]", type=YEAR, required=False)
@interface_option()
@reading()
def year(session: Session, *, year: IsoYear | None, interfaces: Sequence[str]) -> CommandAnswer:
    """Usage of a year, by month; the current one by default."""
    found = ask(session, questions.year(session, year, interfaces))
    return _by_parts(session, found, Period.year(int(found.answer.year), found.zone), interfaces)


@click.command("range")
@click.option("--from", "first", metavar="YYYY-MM-DD", type=DATE, required=True, help="First day.")
@click.option("--to", "last", metavar="YYYY-MM-DD", type=DATE, required=True, help="Last day, included.")
@interface_option()
@reading()
def range_command(session: Session, *, first: IsoDate, last: IsoDate, interfaces: Sequence[str]) -> CommandAnswer:
    """Usage of any days, first and last included."""
    found = ask(session, questions.days(session, first.at, last.at, interfaces))
    return _by_parts(session, found, Period.days(first.at, last.at, found.zone), interfaces)


@click.command()
@interface_option()
@reading()
def summary(session: Session, *, interfaces: Sequence[str]) -> CommandAnswer:
    """Usage since counting began."""
    found = ask(session, questions.summary(session, interfaces))
    return CommandAnswer(found.answer, partial(_print_summary, session, found, interfaces))


def _print_today(session: Session, found: Reply[json_cost.TodayAndCost], interfaces: Sequence[str]) -> None:
    day = found.answer
    rows = [*_amounts(day), *_cost_row(day.cost)]
    if day.peak_speed:
        rows.append(("Peak", human_rate(day.peak_speed)))
    period = Period.day(date.fromisoformat(day.date), found.zone)
    notes = [found.until, *_estimated(day), *_dashboard(session, period, interfaces)]
    if day.counting_since:
        notes.insert(0, _began(day.counting_since))
    print_table(TextTable(f"{day.date}, {interface_label(interfaces)}", (), rows), notes)


def _print_summary(session: Session, found: Reply[json_cost.Summary], interfaces: Sequence[str]) -> None:
    ever = found.answer
    since = None if ever.counting_since is None else _instant(ever.counting_since)
    began = "nothing is counted yet" if since is None else f"since {when(since, found.zone)}"
    dashboard = dashboard_notes(session.settings, lambda links: links.usage(since or 0, None, interfaces))
    rows = [*_amounts(ever), *_cost_row(ever.cost)]
    print_table(TextTable(f"Ever, {interface_label(interfaces)}", (), rows), [began, *_estimated(ever), *dashboard])


def _by_parts(session: Session, found: Parts, period: Period, interfaces: Sequence[str]) -> CommandAnswer:
    return CommandAnswer(found.answer, partial(_print_parts, session, found, period, interfaces))


def _print_parts(session: Session, found: Parts, period: Period, interfaces: Sequence[str]) -> None:
    if isinstance(found.answer, shapes.Year):
        name, parts = "Month", [Part(month.month, month) for month in found.answer.months]
    else:
        name, parts = "Date", [Part(day.date, day) for day in found.answer.days]
    summed = found.answer.summary
    rows = [*((part.name, *_words(part.amount)) for part in parts), ("Total", *_words(summed))]
    bars = [*(part.amount.total_bytes for part in parts), None]
    notes = [*_estimated(summed), *_dashboard(session, period, interfaces)]
    if period.end > session.now():
        notes.insert(0, found.until)
    since = found.answer.counting_since
    if since is not None and _instant(since) > period.start:
        notes.insert(0, _began(since))
    if not parts:
        notes = [f"{period.name} is yet to come"]
    print_table(
        TextTable(f"{period.name}, {interface_label(interfaces)}", (name, *AMOUNT_COLUMNS), rows, bars=bars), notes
    )


def _amounts(used: Amount) -> list[tuple[str, ...]]:
    return list(zip(AMOUNT_COLUMNS, _words(used), strict=True))


def _words(used: Amount) -> tuple[str, ...]:
    amounts = (used.bytes_received, used.bytes_sent, used.total_bytes)
    return tuple(UNKNOWN if amount is None else human_bytes(amount) for amount in amounts)


def _cost_row(cost: json_cost.Cost) -> list[tuple[str, ...]]:
    return [] if cost.assumed else [("Cost", cost.total.cost_formatted)]


def _dashboard(session: Session, period: Period, interfaces: Sequence[str]) -> list[str]:
    end = None if period.end > session.now() else period.end
    return dashboard_notes(session.settings, lambda links: links.usage(period.start, end, interfaces))


def _began(since: str) -> str:
    """A note, such as "counting began 28 Nov 2026 04:43"."""
    at = datetime.fromisoformat(since)
    return f"counting began {short_minute(at)}"


def _instant(since: str) -> int:
    return int(datetime.fromisoformat(since).timestamp())


def _estimated(used: Amount) -> Iterable[str]:
    estimated = getattr(used, "estimated_bytes", 0)
    return (
        [f"{human_bytes(estimated)} of it moved while nothing was sampled: its time is estimated"] if estimated else []
    )
