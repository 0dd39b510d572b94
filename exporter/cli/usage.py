"""Usage on the command line: today, week, month, year, range, summary."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from exporter.console.books import open_books
from exporter.console.printing import bar, print_json, print_table
from reports import usage
from reports.amounts import human_bytes, human_rate
from reports.ledger_reader import UnknownInterfaceError
from reports.periods import PeriodError, iso, parse_date, parse_month, parse_year

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reports.ledger_reader import Bytes, LedgerReader
    from reports.usage import PeriodUsage

DAY_COLUMNS = ("Date", "Received", "Sent", "Total", "")


def _reading_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")(
        command
    )
    return click.option("--interface", metavar="NAME", help="One interface instead of the whole machine.")(
        command
    )


def _ask(config: Path | None, question: Callable[[LedgerReader], PeriodUsage]) -> tuple[PeriodUsage, str]:
    """Answer, and the line that says in which zone days are cut and until when is counted."""
    with open_books(config).read() as ledger:
        try:
            return question(ledger), f"{ledger.zone.key}, {iso(time.time(), ledger.zone)}"
        except (PeriodError, UnknownInterfaceError) as error:
            raise click.UsageError(str(error)) from error


@click.command()
@_reading_options
@click.pass_obj
def today(config: Path | None, *, as_json: bool, interface: str | None) -> None:
    """Usage since local midnight."""
    used, zone = _ask(config, lambda ledger: usage.today(ledger, time.time(), interface))
    if as_json:
        _print_shape("today", used)
        return
    rows = _amount_rows(used.total)
    if used.total.peak_speed:
        rows.append(("Peak", human_rate(used.total.peak_speed)))
    print_table(
        f"{used.period.name} ({interface or 'all counted interfaces'})",
        ("Today", "Amount"),
        rows,
        _notes(used, zone),
    )


@click.command()
@_reading_options
@click.pass_obj
def week(config: Path | None, *, as_json: bool, interface: str | None) -> None:
    """Usage since Monday, by day."""
    used, zone = _ask(config, lambda ledger: usage.week(ledger, time.time(), interface))
    _print_days("days", used, zone, as_json=as_json)


@click.command()
@click.argument("which", metavar="[YYYY-MM]", required=False)
@_reading_options
@click.pass_obj
def month(config: Path | None, *, which: str | None, as_json: bool, interface: str | None) -> None:
    """Usage of a month, by day; the current one by default."""
    chosen = _parsed(parse_month, which)
    used, zone = _ask(config, lambda ledger: usage.month(ledger, time.time(), interface, chosen))
    _print_days("month", used, zone, as_json=as_json)


@click.command()
@click.argument("which", metavar="[YYYY]", required=False)
@_reading_options
@click.pass_obj
def year(config: Path | None, *, which: str | None, as_json: bool, interface: str | None) -> None:
    """Usage of a year, by month; the current one by default."""
    chosen = _parsed(parse_year, which)
    used, zone = _ask(config, lambda ledger: usage.year(ledger, time.time(), interface, chosen))
    if as_json:
        _print_shape("year", used)
        return
    months = used.by_month()
    largest = max((row.bytes.total for row in months), default=0)
    rows = [_bar_row(f"{row.month[0]:04}-{row.month[1]:02}", row.bytes, largest) for row in months]
    rows.append(_bar_row("Total", used.total, 0))
    print_table(used.period.name, ("Month", *DAY_COLUMNS[1:]), rows, _notes(used, zone))


@click.command("range")
@click.option("--from", "first", metavar="YYYY-MM-DD", required=True, help="First day.")
@click.option("--to", "last", metavar="YYYY-MM-DD", required=True, help="Last day, included.")
@_reading_options
@click.pass_obj
def range_command(
    config: Path | None, *, first: str, last: str, as_json: bool, interface: str | None
) -> None:
    """Usage of any days, first and last included."""
    began, ended = _parsed(parse_date, first), _parsed(parse_date, last)
    used, zone = _ask(config, lambda ledger: usage.days(ledger, time.time(), began, ended, interface))
    _print_days("days", used, zone, as_json=as_json)


@click.command()
@_reading_options
@click.pass_obj
def summary(config: Path | None, *, as_json: bool, interface: str | None) -> None:
    """Usage since counting began."""
    with open_books(config).read() as ledger:
        try:
            ledger.require_interface(interface)
        except UnknownInterfaceError as error:
            raise click.UsageError(str(error)) from error
        used, since = ledger.lifetime(interface), ledger.first_seen()
        began = "nothing is counted yet" if since is None else f"since {iso(since, ledger.zone)}"
    if as_json:
        from reports.formats import json as shapes  # noqa: PLC0415 - msgspec costs a table 9 ms

        print_json(shapes.usage(used))
        return
    print_table(
        f"Ever ({interface or 'all counted interfaces'})", ("Ever", "Amount"), _amount_rows(used), [began]
    )


def _parsed(parse: Callable[[str], Any], text: str | None) -> Any:
    if text is None:
        return None
    try:
        return parse(text)
    except PeriodError as error:
        raise click.UsageError(str(error)) from error


def _print_days(shape: str, used: PeriodUsage, zone: str, *, as_json: bool) -> None:
    if as_json:
        _print_shape(shape, used)
        return
    largest = max((row.bytes.total for row in used.days), default=0)
    rows = [_bar_row(row.day.isoformat(), row.bytes, largest) for row in used.days]
    rows.append(_bar_row("Total", used.total, 0))
    print_table(used.period.name, DAY_COLUMNS, rows, _notes(used, zone))


def _print_shape(shape: str, used: PeriodUsage) -> None:
    from reports.formats import json as shapes  # noqa: PLC0415 - msgspec costs a table 9 ms

    print_json(getattr(shapes, shape)(used))


def _amount_rows(used: Bytes) -> list[tuple[str, ...]]:
    return [
        ("Received", human_bytes(used.received)),
        ("Sent", human_bytes(used.sent)),
        ("Total", human_bytes(used.total)),
    ]


def _bar_row(name: str, used: Bytes, largest: int) -> tuple[str, ...]:
    amounts = (human_bytes(used.received), human_bytes(used.sent), human_bytes(used.total))
    return (name, *amounts, bar(used.total, largest))


def _notes(used: PeriodUsage, zone: str) -> list[str]:
    notes = [zone]
    if used.total.estimated:
        notes.append(
            f"{human_bytes(used.total.estimated)} of it were counted while nobody looked: their time is estimated."
        )
    return notes
