"""`netledger top`: the applications of this moment, as a screen that is sorted and drawn again."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import click

from exporter.session.live_applications import SORTS
from exporter.session.live_screen import Repetition
from exporter.session.live_table import show_applications
from exporter.session.running_service import running_service
from exporter.session.session import open_session
from exporter.session.top_view import TopView
from exporter.terminal.options import json_option

if TYPE_CHECKING:
    from exporter.session.environment import Environment


@click.command()
@click.option("--sort", type=click.Choice(SORTS), default="total", show_default=True, help="The order of rows.")
@click.option("--scope", default="", metavar="SCOPE", help="One scope, such as internet, instead of all but loopback.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="From one screen to the next.",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many screens; 1 in a pipe.")
@json_option("Print JSON, as the API gives it, and end.")
@click.pass_obj
def top(environment: Environment, *, sort: str, scope: str, interval: float, count: int | None, as_json: bool) -> None:
    """Applications by their speed now, sorted.

    Keys: q ends it; r, t, s and n sort by receive, transmit, total and name, as the arrows do; o goes through the
    scopes. In a pipe it prints one table.
    """
    client = running_service(open_session(environment))
    gc.enable()  # this one may go on for days
    show_applications(client, TopView(sort, scope), Repetition(interval, count), as_json=as_json)
