"""`netledger report`: a wrap-up of a year, a month or a billing cycle, as a page to print and to send."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.session.session import open_session
from exporter.settings.dashboards import wrapup_context
from exporter.terminal.options import hosts_option, output_options
from exporter.terminal.output_files import replace_file, require_absent, write_errors
from exporter.terminal.question_options import DATE, MONTH, YEAR, subject_options
from reports.billing.plans import named
from reports.calendar.requests import CURRENT, CYCLES, RANGES, PeriodRequest
from reports.formats.html import write
from reports.text.amounts import counted, human_bytes
from reports.wrapup.requested_period import requested_period, requested_selection
from reports.wrapup.wrapup import wrapup

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from exporter.session.session import Session
    from reports.calendar.requests import IsoDate, IsoMonth, IsoYear
    from reports.usage.scopes import UsageFilter
    from reports.wrapup.wrapup import WrapUp


@click.command()
@click.option("--year", metavar="YYYY", type=YEAR, help="A calendar year; this one without any period.")
@click.option("--month", metavar="YYYY-MM", type=MONTH, help="A calendar month.")
@click.option(
    "--cycle",
    is_flag=False,
    flag_value=CURRENT,
    type=click.Choice(CYCLES),
    help="A billing cycle, of --plan or the first.",
)
@click.option("--range", "range_name", type=click.Choice(RANGES), help="A range that ends today.")
@click.option("--from", "first", metavar="YYYY-MM-DD", type=DATE, help="First day of any other period.")
@click.option("--to", "last", metavar="YYYY-MM-DD", type=DATE, help="Its last day, included; today by default.")
@subject_options
@hosts_option
@output_options("Else netledger_HOST_PERIOD.html in this folder; - is the terminal or pipe.")
@click.option("--open", "shows", is_flag=True, help="Show it in the browser.")
@click.pass_obj
def report(  # noqa: PLR0913 - one for each option
    environment: Environment,
    *,
    year: IsoYear | None,
    month: IsoMonth | None,
    cycle: str | None,
    range_name: str | None,
    first: IsoDate | None,
    last: IsoDate | None,
    usage_filter: UsageFilter,
    plan: str | None,
    output: Path | None,
    force: bool,
    shows: bool,
) -> None:
    """A year, a month or a billing cycle as a page to read, to print and to send to a friend.

    One HTML file that needs no network. An existing FILE is left alone (exit code 1) without --force.
    """
    days = PeriodRequest(range_name, first, last, year, month, cycle)
    result = _ask(open_session(environment), days, plan, usage_filter)
    page = b"".join(write(result))
    if result.notice:
        click.echo(result.notice, err=True)
    if output == Path("-"):
        click.echo(page, nl=False)
        return
    path = output or Path(result.file_name)
    if not force:
        require_absent(path)
    with write_errors(path), replace_file(path, is_replaceable=force) as file:
        file.write(page)
    click.echo(f"{path} ({counted(result.export.days.size, 'day', 'days')}, {human_bytes(len(page))})")
    if shows:
        _show(path)


def _ask(session: Session, days: PeriodRequest, plan: str | None, usage_filter: UsageFilter) -> WrapUp:
    plans = session.settings.plans
    with session.read_merged() as ledger:
        selection = requested_selection(ledger, plans, days, plan, usage_filter, session.settings.networks)
        host = session.host(ledger)
        period = requested_period(days, named(plans, plan), session.now(), ledger.zone)
        return wrapup(ledger, period, session.now(), host, selection, wrapup_context(session.settings))


def _show(path: Path) -> None:
    import webbrowser  # noqa: PLC0415 - 24 ms that only --open needs

    if not webbrowser.open(path.resolve().as_uri()):
        raise click.ClickException(f"no browser can be started here: open {path} yourself")
