"""History on the command line: records, the last hours, and when in the week traffic moves."""

from __future__ import annotations

import sys
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.session.dashboards import dashboard_notes
from exporter.session.known_interfaces import no_data_text
from exporter.session.period_tables import list_answer, list_options
from exporter.session.questions import Question, ask
from exporter.session.reading import CommandAnswer, reading
from exporter.session.usage_questions import selected
from exporter.terminal.amounts import bytes_text, speed_text
from exporter.terminal.dates import time_text
from exporter.terminal.imported import MARK, marked
from exporter.terminal.printing import TextTable, is_unicode, print_sentence, print_table, terminal_width
from exporter.terminal.question_options import filter_options
from reports.calendar.days import SLOT_SECONDS, day_of, day_start, iso
from reports.calendar.requests import PeriodRequest
from reports.formats.json import history as json_history
from reports.formats.json import records as json_records
from reports.ledger.interface_names import interface_label
from reports.ledger.intervals import first_day
from reports.usage import hours as hours_of_week
from reports.usage import records as found_records
from reports.usage.hours import HOURS
from reports.usage.period_list import PeriodListRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from exporter.session.questions import Reply
    from exporter.session.session import Session
    from reports.calendar.requests import Bound
    from reports.formats.shapes import Usage
    from reports.ledger.reader import LedgerReader
    from reports.usage.scopes import UsageFilter

SHADES = "░▒▓█"
LABEL_WIDTH, AMOUNT_WIDTH = 4, 11
WIDE_CELL = 2


@click.command()
@filter_options
@reading()
def records(session: Session, *, usage_filter: UsageFilter) -> CommandAnswer:
    """Busiest day, week, month and hour, and peak speeds."""
    question = Question(
        "/api/records",
        usage_filter.parameters,
        json_records.RecordsAnswer,
        lambda ledger: json_records.records(
            found_records.records(ledger, session.now(), selected(session, ledger, usage_filter))
        ),
    )
    found = ask(session, question)
    return CommandAnswer(found.answer, partial(_print_records, session, found, usage_filter))


def _print_records(session: Session, found: Reply[json_records.RecordsAnswer], usage_filter: UsageFilter) -> None:
    answer, zone, _ = found
    most = list(_most(answer))
    rows = [(name, marked(time_text(when), used.imported_bytes), *_amounts(used)) for name, when, used in most]
    if not rows:
        print_sentence(no_data_text(session))
        return
    columns = ("Most", "When", "Received", "Sent", "Total")
    notes = [*_speeds(answer, session.settings.interfaces.names), *_imported(used for _, _, used in most)]
    if answer.since:
        notes.append(f"of everything since {time_text(answer.since)}")
        start = day_start(date.fromisoformat(answer.since), zone)
        notes += dashboard_notes(session.settings, lambda links: links.usage(start, None, usage_filter.interfaces))
    print_table(TextTable(f"Records, {usage_filter.label}", columns, rows, left=frozenset({0, 1})), notes)


@click.command()
@click.option("--map", "is_map", is_flag=True, help="By weekday and hour of day instead, of everything by default.")
@list_options
@filter_options
@reading()
def hours(
    session: Session,
    *,
    is_map: bool,
    number: int | None,
    first: Bound | None,
    last: Bound | None,
    usage_filter: UsageFilter,
) -> CommandAnswer:
    """Usage of the last hours, 24 by default; with --map when in the week traffic moves."""
    if not is_map:
        return list_answer(session, PeriodListRequest("hours", number, first, last), usage_filter)
    if number is not None:
        raise click.UsageError("--map and --last: give one of them; --from and --to narrow the map")
    return _hours_of_week(session, first, last, usage_filter)


def _hours_of_week(
    session: Session, first: Bound | None, last: Bound | None, usage_filter: UsageFilter
) -> CommandAnswer:
    def answer(ledger: LedgerReader) -> json_history.HoursAnswer:
        today = day_of(int(session.now()), ledger.zone)
        days = PeriodRequest(None, first, last).period(today, ledger.zone, "all", first_day(ledger) or today)
        return json_history.hours(
            hours_of_week.hours(ledger, session.now(), days.span, selected(session, ledger, usage_filter)), ledger.zone
        )

    given = {"from": first, "to": last, **usage_filter.parameters}
    found = ask(session, Question("/api/hours", given, json_history.HoursAnswer, answer))
    return CommandAnswer(found.answer, partial(_print_hours, session, found, usage_filter))


def _print_hours(session: Session, found: Reply[json_history.HoursAnswer], usage_filter: UsageFilter) -> None:
    answer, zone, _ = found
    title = f"Hours of the week, {usage_filter.label}"
    if _has_room():
        _print_map(title, answer)
    else:
        _print_table(title, answer)
    start, end = (int(datetime.fromisoformat(text).timestamp()) for text in (answer.first, answer.last))
    until = None if end > session.now() else end
    dashboard = dashboard_notes(session.settings, lambda links: links.usage(start, until, usage_filter.interfaces))
    for note in (*_hour_notes(answer, zone), *_cut_notes(start, end, zone), *dashboard):
        print_sentence(note)


def _most(answer: json_records.RecordsAnswer) -> Iterator[tuple[str, str, Usage]]:
    if answer.busiest_day:
        yield "Day", answer.busiest_day.date, answer.busiest_day
    if answer.busiest_week:
        yield "Week", answer.busiest_week.week, answer.busiest_week
    if answer.busiest_month:
        yield "Month", answer.busiest_month.month, answer.busiest_month
    if answer.busiest_hour:
        since = time_text(answer.busiest_hour.first)
        yield "Hour", f"{_clock(answer.busiest_hour.hour)} since {since}", answer.busiest_hour


def _imported(most: Iterable[Usage]) -> list[str]:
    return [f"{MARK} imported, whole or in part"] if any(used.imported_bytes for used in most) else []


def _speeds(answer: json_records.RecordsAnswer, aliases: Mapping[str, str]) -> list[str]:
    speeds = answer.peak_speeds
    peaks = (("received", speeds.received), ("sent", speeds.sent), ("both ways", speeds.total))
    return [
        f"fastest {name}: {speed_text(peak.bytes_per_second)} on {time_text(peak.date)}, "
        f"{interface_label(peak.interface, aliases)}"
        for name, peak in peaks
        if peak
    ]


def _print_map(title: str, answer: json_history.HoursAnswer) -> None:
    """One line a weekday, one cell an hour, the darker the more, and the weekday's amount."""
    cell = WIDE_CELL if terminal_width() >= LABEL_WIDTH + WIDE_CELL * HOURS + AMOUNT_WIDTH else 1
    largest = max(hour.total_bytes for day in answer.weekdays for hour in day.hours)
    click.secho(title, bold=True)
    head = "".join(f"{hour:02}".ljust(3 * cell) for hour in range(0, HOURS, 3))
    click.echo(f"{' ' * LABEL_WIDTH}{head}{'Total':>{AMOUNT_WIDTH}}")
    for day in answer.weekdays:
        cells = "".join(_shade(hour.total_bytes, largest) * cell for hour in day.hours)
        amount = bytes_text(sum(hour.total_bytes for hour in day.hours))
        click.echo(f"{day.weekday[:3]:{LABEL_WIDTH}}{cells}{amount:>{AMOUNT_WIDTH}}")
    if largest:
        click.echo(f"{' ' * LABEL_WIDTH}{SHADES} quarters of {bytes_text(largest)}")


def _print_table(title: str, answer: json_history.HoursAnswer) -> None:
    amounts = [[day.hours[hour].total_bytes for day in answer.weekdays] for hour in range(HOURS)]
    rows = [
        (f"{hour:02}:00", *map(bytes_text, of_hour), bytes_text(sum(of_hour))) for hour, of_hour in enumerate(amounts)
    ]
    columns = ("Hour", *(day.weekday[:3] for day in answer.weekdays), "Total")
    print_table(TextTable(title, columns, rows))


def _hour_notes(answer: json_history.HoursAnswer, zone: ZoneInfo) -> list[str]:
    if not answer.covered:
        return ["the ledger keeps no hours of this range"]
    cells = [(hour.total_bytes, day.weekday[:3], hour.hour) for day in answer.weekdays for hour in day.hours]
    most, day, hour = max(cells, key=lambda cell: cell[0])
    notes = [f"most: {day} {_clock(hour)}, {bytes_text(most)} of {bytes_text(answer.summary.total_bytes)}"]
    began, ended = (time_text(text) for text in (answer.covered.first, answer.covered.last))
    return [*(notes if most else []), f"hours are known from {began} to {ended} {zone.key}"]


def _cut_notes(start: int, end: int, zone: ZoneInfo) -> list[str]:
    """The ledger knows quarter hours: one belongs to the range where it begins in it."""
    cut = [-(-instant // SLOT_SECONDS) * SLOT_SECONDS for instant in (start, end)]
    if cut == [start, end]:
        return []
    began, ended = (time_text(iso(instant, zone)) for instant in cut)
    return [f"cut to whole quarter hours: {began} to {ended}"]


def _shade(amount: int, largest: int) -> str:
    """Blank for nothing; the shades are quarters of the largest amount."""
    return SHADES[-(-amount * len(SHADES) // largest) - 1] if amount else " "


def _has_room() -> bool:
    return sys.stdout.isatty() and is_unicode() and terminal_width() >= LABEL_WIDTH + HOURS + AMOUNT_WIDTH


def _clock(hour: int) -> str:
    return f"{hour:02}:00-{(hour + 1) % HOURS:02}:00"


def _amounts(used: Usage) -> tuple[str, ...]:
    return bytes_text(used.bytes_received), bytes_text(used.bytes_sent), bytes_text(used.total_bytes)
