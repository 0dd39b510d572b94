"""Usage on the command line: today, week, month, year, range, summary."""

from __future__ import annotations

from calendar import month_abbr
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from exporter.console.books import open_books
from exporter.console.dashboards import dashboard_notes
from exporter.console.printing import UNKNOWN, Table, print_json, print_table
from reports import usage
from reports.amounts import human_bytes, human_rate
from reports.ledger_reader import UnknownInterfaceError
from reports.periods import PeriodError, iso, parse_date, parse_month, parse_year
from reports.prices import has_price, money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

    from exporter.console.books import Books
    from exporter.console.outside import Outside
    from reports.ledger_reader import Bytes, LedgerReader
    from reports.plan_cost import StretchCost
    from reports.usage import PeriodUsage

AMOUNT_COLUMNS = ("Received", "Sent", "Total")


class Answer(NamedTuple):
    """What was asked for; for a period that is not over, until when it is counted, else ""; and where Grafana is.

    `cost` is what the first plan bills of it; None where that is not told.
    """

    used: PeriodUsage
    until: str
    dashboard: list[str]
    zone: ZoneInfo
    cost: StretchCost | None = None


def _reading_options(command: Callable[..., None]) -> Callable[..., None]:
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
    interface = click.option("--interface", metavar="NAME", help="One interface instead of all that are counted.")
    return interface(as_json(command))


def _ask(
    outside: Outside,
    interface: str | None,
    question: Callable[[LedgerReader, float], PeriodUsage],
    price: Callable[[Books, LedgerReader], StretchCost | None] = lambda _books, _ledger: None,
) -> Answer:
    books, now = open_books(outside), outside.now()
    with books.read() as ledger:
        try:
            used = question(ledger, now)
            start, end = used.period.start, used.period.end if used.period.end <= now else None
            dashboard = dashboard_notes(books.settings, lambda links: links.usage(start, end, interface))
            until = "" if end else _until(books, ledger)
            return Answer(used, until, dashboard, ledger.zone, price(books, ledger))
        except (PeriodError, UnknownInterfaceError) as error:
            raise click.UsageError(str(error)) from error


@click.command()
@_reading_options
@click.pass_obj
def today(outside: Outside, *, as_json: bool, interface: str | None) -> None:
    """Usage since local midnight."""
    answer = _ask(
        outside,
        interface,
        lambda ledger, now: usage.today(ledger, now, interface),
        lambda books, ledger: _cost(books, ledger, "today", interface, is_assumed=as_json),
    )
    if as_json and answer.cost:
        from reports.formats import json, json_plans  # noqa: PLC0415 - only this form uses it

        print_json(json_plans.today_and_cost(json.today(answer.used, answer.zone), answer.cost))
        return
    total = answer.used.total
    rows = [*_amounts(total), *_cost_row(answer.cost)]
    if total.peak_speed:
        rows.append(("Peak", human_rate(total.peak_speed)))
    title = f"{answer.used.period.name}, {_whose(interface)}"
    print_table(Table(title, (), rows), _notes(answer))


@click.command()
@_reading_options
@click.pass_obj
def week(outside: Outside, *, as_json: bool, interface: str | None) -> None:
    """Usage since Monday, by day."""
    answer = _ask(outside, interface, lambda ledger, now: usage.week(ledger, now, interface))
    _print_days("days", answer, interface, as_json=as_json)


@click.command()
@click.argument("which", metavar="[YYYY-MM]", required=False)
@_reading_options
@click.pass_obj
def month(outside: Outside, *, which: str | None, as_json: bool, interface: str | None) -> None:
    """Usage of a month, by day; the current one by default."""
    chosen = _parsed("month", parse_month, which)
    answer = _ask(outside, interface, lambda ledger, now: usage.month(ledger, now, interface, chosen))
    _print_days("month", answer, interface, as_json=as_json)


@click.command()
@click.argument("which", metavar="[YYYY]", required=False)
@_reading_options
@click.pass_obj
def year(outside: Outside, *, which: str | None, as_json: bool, interface: str | None) -> None:
    """Usage of a year, by month; the current one by default."""
    chosen = _parsed("year", parse_year, which)
    answer = _ask(outside, interface, lambda ledger, now: usage.year(ledger, now, interface, chosen))
    if as_json:
        _print_shape("year", answer)
        return
    months = ((f"{row.month[0]:04}-{row.month[1]:02}", row.bytes) for row in answer.used.by_month())
    _print_rows("Month", months, answer, interface)


@click.command("range")
@click.option("--from", "first", metavar="YYYY-MM-DD", required=True, help="First day.")
@click.option("--to", "last", metavar="YYYY-MM-DD", required=True, help="Last day, included.")
@_reading_options
@click.pass_obj
def range_command(outside: Outside, *, first: str, last: str, as_json: bool, interface: str | None) -> None:
    """Usage of any days, first and last included."""
    began, ended = _parsed("from", parse_date, first), _parsed("to", parse_date, last)
    answer = _ask(outside, interface, lambda ledger, now: usage.days(ledger, now, began, ended, interface))
    _print_days("days", answer, interface, as_json=as_json)


@click.command()
@_reading_options
@click.pass_obj
def summary(outside: Outside, *, as_json: bool, interface: str | None) -> None:
    """Usage since counting began."""
    books = open_books(outside)
    with books.read() as ledger:
        try:
            ledger.require_interface(interface)
        except UnknownInterfaceError as error:
            raise click.UsageError(str(error)) from error
        used, since = ledger.lifetime(interface), ledger.first_seen()
        cost = _cost(books, ledger, "ever", interface, is_assumed=as_json)
        began = "nothing is counted yet" if since is None else f"since {_when(since, ledger)}"
    if as_json and cost:
        from reports.formats import json_plans  # noqa: PLC0415 - only this form uses it

        print_json(json_plans.usage_and_cost(used, cost))
        return
    dashboard = dashboard_notes(books.settings, lambda links: links.usage(since or 0, None, interface))
    rows = [*_amounts(used), *_cost_row(cost)]
    print_table(Table(f"Ever, {_whose(interface)}", (), rows), [began, *_estimated(used), *dashboard])


def _parsed(name: str, parse: Callable[[str], Any], text: str | None) -> Any:
    if text is None:
        return None
    try:
        return parse(text)
    except PeriodError as error:
        raise click.UsageError(f"{name}: {error}") from error


def _print_days(shape: str, answer: Answer, interface: str | None, *, as_json: bool) -> None:
    if as_json:
        _print_shape(shape, answer)
        return
    days = ((row.day.isoformat(), row.bytes) for row in answer.used.days)
    _print_rows("Date", days, answer, interface)


def _print_shape(shape: str, answer: Answer) -> None:
    from reports.formats import json as shapes  # noqa: PLC0415 - only this form uses it

    print_json(getattr(shapes, shape)(answer.used, answer.zone))


def _print_rows(name: str, parts: Iterable[tuple[str, Bytes | None]], answer: Answer, interface: str | None) -> None:
    listed = [*parts, ("Total", answer.used.total if answer.used.is_counted else None)]
    rows = [(part, *_words(used)) for part, used in listed]
    bars = [*(used and used.total for _, used in listed[:-1]), None]
    title = f"{answer.used.period.name}, {_whose(interface)}"
    print_table(Table(title, (name, *AMOUNT_COLUMNS), rows, bars=bars), _notes(answer))


def _amounts(used: Bytes) -> list[tuple[str, ...]]:
    return list(zip(AMOUNT_COLUMNS, _words(used), strict=True))


def _words(used: Bytes | None) -> tuple[str, str, str]:
    if used is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    return human_bytes(used.received), human_bytes(used.sent), human_bytes(used.total)


def _cost(
    books: Books, ledger: LedgerReader, period: str, interface: str | None, *, is_assumed: bool
) -> StretchCost | None:
    """What the first plan bills of a period; without a price only where one `is_assumed`."""
    plan = books.settings.plans[0].plan
    if not is_assumed and not has_price(plan):
        return None
    from reports.plan_cost import period_cost  # noqa: PLC0415 - only a price needs it

    return period_cost(ledger, plan, period, books.now(), device=interface)


def _cost_row(cost: StretchCost | None) -> list[tuple[str, ...]]:
    return [("Cost", money(cost.total, cost.plan.currency))] if cost else []


def _whose(interface: str | None) -> str:
    return interface or "all counted interfaces"


def _notes(answer: Answer) -> list[str]:
    if not answer.used.days:
        return [f"{answer.used.period.name} is yet to come"]
    notes = (_began(answer), answer.until, *_estimated(answer.used.total), *answer.dashboard)
    return [note for note in notes if note]


def _began(answer: Answer) -> str:
    used = answer.used
    return f"counting began {_moment(used.began, answer.zone)}" if used.began and used.begins_late else ""


def _estimated(used: Bytes) -> list[str]:
    if not used.estimated:
        return []
    return [f"{human_bytes(used.estimated)} of it moved while nobody looked: when it did is estimated"]


def _until(books: Books, ledger: LedgerReader) -> str:
    if books.holder is not None:
        return f"until {_when(books.now(), ledger)}"
    looked_at = books.looked_at()
    if looked_at is None:
        return "netledger is not running, and has counted nothing yet"
    return f"until {_when(looked_at, ledger)}: netledger is not running"


def _when(instant: float, ledger: LedgerReader) -> str:
    return f"{iso(instant, ledger.zone)[:19].replace('T', ' ')} {ledger.zone.key}"


def _moment(instant: int, zone: ZoneInfo) -> str:
    """As in "28 Nov 2026 04:43"."""
    at = datetime.fromisoformat(iso(instant, zone))
    return f"{at.day} {month_abbr[at.month]} {at.year} {at:%H:%M}"
