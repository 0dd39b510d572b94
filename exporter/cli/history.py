"""History on the command line: records, and when in the week traffic moves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from exporter.console.books import open_books
from exporter.console.counting_reasons import nothing_yet
from exporter.console.dashboards import dashboard_notes
from exporter.console.printing import Table, print_json, print_table, terminal_width
from reports import hours as hours_of_week
from reports import records as found_records
from reports.amounts import human_bytes, human_rate
from reports.hours import HOURS
from reports.ledger_intervals import first_day
from reports.ledger_reader import UnknownInterfaceError
from reports.periods import PeriodError, day_of, day_start, iso
from reports.spans import Asked, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

    from exporter.console.outside import Outside
    from reports.hours import HoursOfWeek
    from reports.ledger_reader import Bytes
    from reports.records import Records

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHADES = "░▒▓█"
LABEL_WIDTH = 4
WIDE_CELL = 2


def _reading_options(command: Callable[..., None]) -> Callable[..., None]:
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
    interface = click.option("--interface", metavar="NAME", help="One interface instead of all that are counted.")
    return interface(as_json(command))


@click.command()
@_reading_options
@click.pass_obj
def records(outside: Outside, *, as_json: bool, interface: str | None) -> None:
    """Busiest day, week, month and hour, and peak speeds."""
    books = open_books(outside)
    with books.read() as ledger:
        zone = ledger.zone
        try:
            found, nothing = found_records.records(ledger, outside.now(), interface), nothing_yet(books, ledger)
        except UnknownInterfaceError as error:
            raise click.UsageError(str(error)) from error
    if as_json:
        from reports.formats import json_records as shapes  # noqa: PLC0415 - only this form uses it

        print_json(shapes.records(found))
        return
    rows = [(name, when, *_amounts(used)) for name, when, used in _most(found)]
    if not rows:
        click.echo(nothing)
        return
    columns = ("Most", "When", "Received", "Sent", "Total")
    notes = [*_speeds(found), f"of everything since {found.since}"]
    if found.since is not None:
        start = day_start(found.since, zone)
        notes += dashboard_notes(books.settings, lambda links: links.usage(start, None, interface))
    print_table(Table(f"Records, {_whose(interface)}", columns, rows, left=frozenset({0, 1})), notes)


@click.command()
@click.option("--from", "first", metavar="DATE", help="First day, or an instant; by default the first ever.")
@click.option("--to", "last", metavar="DATE", help="Last day, included, or an instant; today by default.")
@_reading_options
@click.pass_obj
def hours(outside: Outside, *, first: str | None, last: str | None, as_json: bool, interface: str | None) -> None:
    """Usage by weekday and hour of day."""
    now = outside.now()
    books = open_books(outside)
    with books.read() as ledger:
        zone, today = ledger.zone, day_of(int(now), ledger.zone)
        try:
            asked = span(Asked(None, first, last), today, first_day(ledger) or today, zone, default="all")
            found = hours_of_week.hours(ledger, now, asked, interface)
        except (PeriodError, UnknownInterfaceError) as error:
            raise click.UsageError(str(error)) from error
    if as_json:
        from reports.formats import json_history as shapes  # noqa: PLC0415 - only this form uses it

        print_json(shapes.hours(found, zone))
        return
    title = f"Hours of the week, {_whose(interface)}"
    if _has_room():
        _print_map(title, found)
    else:
        _print_hours(title, found)
    end = None if asked.end > now else asked.end
    dashboard = dashboard_notes(books.settings, lambda links: links.usage(asked.start, end, interface))
    click.echo("\n".join([*_hour_notes(found, zone), *dashboard]))


def _most(found: Records) -> Iterable[tuple[str, str, Bytes]]:
    parts = (("Day", found.days[0] if found.days else None), ("Week", found.week), ("Month", found.month))
    for name, part in parts:
        if part is not None:
            yield name, part.period.name, part.bytes
    if found.hour is not None:
        yield "Hour of day", f"{_clock(found.hour.hour)}, since {found.hour.first}", found.hour.bytes


def _speeds(found: Records) -> list[str]:
    peaks = (("received", found.peaks.received), ("sent", found.peaks.sent), ("both ways", found.peaks.total))
    return [
        f"fastest {name}: {human_rate(peak.speed)} on {peak.day}, {peak.device}"
        for name, peak in peaks
        if peak is not None
    ]


def _print_map(title: str, found: HoursOfWeek) -> None:
    """One line a weekday, one cell an hour, the darker the more."""
    cell = WIDE_CELL if terminal_width() >= LABEL_WIDTH + WIDE_CELL * HOURS else 1
    largest = max(used.total for row in found.matrix for used in row)
    click.secho(title, bold=True)
    click.echo(" " * LABEL_WIDTH + "".join(f"{hour:02}".ljust(3 * cell) for hour in range(0, HOURS, 3)).rstrip())
    for name, row in zip(WEEKDAYS, found.matrix, strict=True):
        click.echo(name.ljust(LABEL_WIDTH) + "".join(_shade(used.total, largest) * cell for used in row).rstrip())
    if largest:
        click.echo(f"{' ' * LABEL_WIDTH}{SHADES} quarters of {human_bytes(largest)}")


def _print_hours(title: str, found: HoursOfWeek) -> None:
    rows = [
        (f"{hour:02}:00", *(human_bytes(row[hour].total) for row in found.matrix), human_bytes(used.total))
        for hour, used in enumerate(found.by_hour())
    ]
    print_table(Table(title, ("Hour", *WEEKDAYS, "Total"), rows))


def _hour_notes(found: HoursOfWeek, zone: ZoneInfo) -> list[str]:
    if found.covered is None:
        return ["the ledger keeps no hours of this range"]
    cells = [(used.total, day, hour) for day, row in enumerate(found.matrix) for hour, used in enumerate(row)]
    most, day, hour = max(cells, key=lambda cell: cell[0])
    notes = [f"most: {WEEKDAYS[day]} {_clock(hour)}, {human_bytes(most)} of {human_bytes(found.total.total)}"]
    began, ended = (iso(instant, zone)[:16].replace("T", " ") for instant in found.covered)
    return [*(notes if most else []), f"hours are known from {began} to {ended} {zone.key}"]


def _shade(amount: int, largest: int) -> str:
    """Blank for nothing; the shades are quarters of the largest amount."""
    return SHADES[-(-amount * len(SHADES) // largest) - 1] if amount else " "


def _has_room() -> bool:
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return sys.stdout.isatty() and is_unicode and terminal_width() >= LABEL_WIDTH + HOURS


def _clock(hour: int) -> str:
    return f"{hour:02}:00-{(hour + 1) % HOURS:02}:00"


def _amounts(used: Bytes) -> tuple[str, ...]:
    return human_bytes(used.received), human_bytes(used.sent), human_bytes(used.total)


def _whose(interface: str | None) -> str:
    return interface or "all counted interfaces"
