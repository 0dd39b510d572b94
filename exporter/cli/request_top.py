"""`netledger requests top`: the routes of this moment, as a screen that is sorted and drawn again."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import click

from exporter.session.live_screen import Repetition
from exporter.session.request_top import ORDERS, show_requests
from exporter.session.running_service import running_service
from exporter.session.session import open_session
from exporter.terminal.options import json_option

if TYPE_CHECKING:
    from exporter.session.environment import Environment


@click.command()
@click.argument("service", required=False)
@click.option("--sort", type=click.Choice(list(ORDERS)), default="requests", show_default=True, help="Order of rows.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2, 3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="From one screen to the next.",
)
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many screens; 1 in a pipe.")
@json_option("Print the rates of an interval as JSON, and end.")
@click.pass_obj
def top(
    environment: Environment, *, service: str | None, sort: str, interval: float, count: int | None, as_json: bool
) -> None:
    """Routes of every service or of SERVICE by their requests a second, sorted.

    Keys: q ends it; r, e, t and b sort by requests, errors, average time and bytes. In a pipe it prints one table, of
    what came within the interval.
    """
    client = running_service(open_session(environment))
    gc.enable()  # this one may go on for days
    show_requests(client, service, sort, Repetition(interval, count), as_json=as_json)
