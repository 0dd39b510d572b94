"""`netledger top`: the applications of this moment, as a screen that is sorted and drawn again, or the busiest days."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import click

from exporter.session.live_applications import SORTS
from exporter.session.live_screen import Repetition
from exporter.session.live_table import show_applications
from exporter.session.period_tables import list_answer
from exporter.session.reading import print_answer
from exporter.session.running_service import running_service
from exporter.session.session import open_session
from exporter.session.top_view import TopView
from exporter.terminal.options import json_option, refuse_interfaces
from exporter.terminal.question_options import filter_options
from reports.usage.period_list import BUSIEST, MOST_PERIODS, PeriodListRequest

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from reports.usage.scopes import UsageFilter


@click.command()
@click.option("--sort", type=click.Choice(SORTS), default="total", show_default=True, help="The order of applications.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="From one screen to the next.",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many screens; 1 in a pipe.")
@click.option("--last", "number", metavar="N", type=click.IntRange(1, MOST_PERIODS), help="The N busiest days instead.")
@filter_options
@json_option("Print JSON, as the API gives it, and end.")
@click.pass_obj
def top(
    environment: Environment,
    *,
    sort: str,
    interval: float,
    count: int | None,
    number: int | None,
    usage_filter: UsageFilter,
    as_json: bool,
) -> None:
    """Applications by their speed now, sorted; with --last the busiest days.

    Keys: q ends it; r, t, s and n sort by receive, transmit, total and name, as the arrows do; o goes through the
    scopes. In a pipe it prints one table.
    """
    session = open_session(environment)
    if number is not None:
        print_answer(
            list_answer(session, PeriodListRequest("days", number, order=BUSIEST), usage_filter), as_json=as_json
        )
        return
    refuse_interfaces("application", usage_filter.interfaces)
    scope, *others = usage_filter.scopes or ("",)
    if others:
        raise click.UsageError("--scope: applications of one scope are shown; o goes through them")
    client = running_service(session)
    gc.enable()  # this one may go on for days
    show_applications(client, TopView(sort, scope), Repetition(interval, count), as_json=as_json)
