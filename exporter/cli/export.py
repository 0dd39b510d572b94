"""`netledger export`: days as a file, in the formats that the API has."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.session.questions import fetch
from exporter.session.session import open_session
from exporter.settings.dashboards import wrapup_context
from exporter.terminal.options import hosts_option, output_options
from exporter.terminal.output_files import replace_file, require_absent, write_errors
from exporter.terminal.progress import with_progress
from exporter.terminal.question_options import DATE, subject_options
from exporter.terminal.signals import clean_termination
from reports.calendar.days import day_of
from reports.calendar.requests import CUSTOM, RANGES, PeriodRequest
from reports.export.file_selection import file_selection
from reports.export.slots import read_slots
from reports.formats.registry import (
    ALL_COLUMNS,
    APPLICATIONS_TABLE,
    COLUMN_SETS,
    DAY,
    DAYS_TABLE,
    FORMATS,
    REQUESTS_TABLE,
    RESOLUTIONS,
    format_at,
)
from reports.text.amounts import counted, human_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exporter.session.environment import Environment
    from exporter.session.session import Session
    from reports.calendar.days import Span
    from reports.calendar.requests import IsoDate
    from reports.export.slots import Slot
    from reports.formats.registry import ExportResult, Format
    from reports.usage.scopes import UsageFilter

BY = {"day": DAYS_TABLE, "application": APPLICATIONS_TABLE, "route": REQUESTS_TABLE}


@click.command()
@click.option("--format", "name", type=click.Choice(list(FORMATS)), default="json", show_default=True, help="Format.")
@click.option("--llm", "name", flag_value="llm", help="The same as --format llm.")
@click.option(
    "--range", "named", type=click.Choice([*RANGES, CUSTOM]), help="Which days; all by default, of html this year."
)
@click.option("--from", "first", metavar="YYYY-MM-DD", type=DATE, help="First day.")
@click.option("--to", "last", metavar="YYYY-MM-DD", type=DATE, help="Last day, included; today by default.")
@click.option(
    "--resolution",
    type=click.Choice(RESOLUTIONS),
    default=DAY,
    show_default=True,
    help="A row a day, or a row for each interface and quarter hour (json, csv).",
)
@click.option(
    "--columns",
    type=click.Choice(COLUMN_SETS),
    default=ALL_COLUMNS,
    show_default=True,
    help="basic: PacketBuddy's five columns and no other (csv).",
)
@click.option(
    "--by",
    "table",
    type=click.Choice(list(BY)),
    default="day",
    show_default=True,
    callback=lambda _ctx, _parameter, value: BY[value],
    help="A line a day, for each application and scope, or for each route (csv); other formats have all.",
)
@subject_options
@hosts_option
@output_options("Else, or by -, to the terminal or pipe.")
@click.pass_obj
def export(  # noqa: PLR0913 - one for each option
    environment: Environment,
    *,
    name: str,
    named: str | None,
    first: IsoDate | None,
    last: IsoDate | None,
    resolution: str,
    columns: str,
    table: str,
    usage_filter: UsageFilter,
    plan: str | None,
    output: Path | None,
    force: bool,
) -> None:
    """Days, months, records and interfaces for a spreadsheet, a script or a language model.

    An existing FILE is left alone (exit code 1) without --force, and is never half written.
    """
    path = None if output == Path("-") else output
    if path is not None and not force:
        require_absent(path)
    form = format_at(resolution, name, columns, table)
    session = open_session(environment)
    if (service := session.fallback_service()) is not None:
        of_days = {"range": named, "from": first, "to": last, **usage_filter.parameters, "plan": plan}
        written = {"columns": columns, "table": table, "format": name, "resolution": resolution}
        hosts = {"hosts": session.hosts and session.hosts.names}
        pieces: Iterable[bytes] = [fetch(service, "/api/export", of_days | written | hosts)]
        count, days = 1, ""
    else:
        result = _ask(session, form, PeriodRequest(named, first, last), plan, usage_filter)
        if result.notice:
            click.echo(result.notice, err=True)
        pieces, count = form.write(result), result.batch_count + 2
        days = f"{counted(result.by_day.days.size, 'day', 'days')}, "
    if path is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    with (
        clean_termination(),
        write_errors(path),
        replace_file(path, is_replaceable=force) as file,
        with_progress("Writing", pieces, count) as shown,
    ):
        file.writelines(shown)
    click.echo(f"{path} ({days}{human_bytes(path.stat().st_size)})")


def _ask(
    session: Session, form: Format, days: PeriodRequest, plan: str | None, usage_filter: UsageFilter
) -> ExportResult:
    with session.read_merged() as ledger:
        selection = file_selection(ledger, session.settings.plans, plan, usage_filter, session.settings.networks)
        context = (wrapup_context(session.settings),) if form.needs_context else ()
        host = session.host(ledger)
        period = days.period(day_of(session.now(), ledger.zone), ledger.zone, form.default)
        result = form.query(ledger, period, session.now(), host, selection, *context)
    return result.read_with(partial(_read_slots, session))


def _read_slots(session: Session, span: Span, devices: Sequence[str]) -> Sequence[Slot]:
    """A read of its own for each batch: a pager that stays open must not keep the ledger's log growing."""
    with session.read_posted() as ledger:
        return read_slots(ledger, span, devices)
