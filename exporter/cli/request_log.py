"""`netledger requests log`: single requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.session.reading import reading
from exporter.session.request_questions import LogRequest
from exporter.session.request_tables import log_answer
from exporter.terminal.question_options import BOUND
from reports.calendar.requests import PeriodRequest
from reports.usage.requests.logged import MOST_ROWS

if TYPE_CHECKING:
    from exporter.session.reading import CommandAnswer
    from exporter.session.session import Session
    from reports.calendar.requests import Bound


@click.command()
@click.argument("service", required=False)
@click.option("--from", "first", metavar="DAY", type=BOUND, help="First day, or an instant.")
@click.option("--to", "last", metavar="DAY", type=BOUND, help="Last day, included, or an instant, excluded.")
@click.option("--method", default="", help="One method, such as GET.")
@click.option("--status", default="", help="A status code, a class such as 5xx, or 0 for no response.")
@click.option("--route", default="", metavar="PATTERN", help="Routes, with * and ?.")
@click.option("--path", default="", metavar="TEXT", help="A part of the path.")
@click.option("--ip", default="", metavar="ADDRESS", help="A client's address or a prefix, as privacy keeps them.")
@click.option("--min-time", metavar="MS", help="At least so many milliseconds.")
@click.option("--max-time", metavar="MS", help="At most so many milliseconds.")
@click.option(
    "--exclude", metavar="LIST", help="What is left out: 404, health, bots, or none; else as the settings say."
)
@click.option("--oldest", "is_oldest_first", is_flag=True, help="The oldest first instead of the newest.")
@click.option("--limit", type=click.IntRange(1, MOST_ROWS), default=100, show_default=True, help="So many requests.")
@click.option("--cursor", metavar="NEXT", help="Go on after the page that ended with this one.")
@reading()
def log(session: Session, *, first: Bound | None, last: Bound | None, **chosen: object) -> CommandAnswer:
    """Single requests of every service or of SERVICE, the newest first, as long as they are kept."""
    return log_answer(session, LogRequest(PeriodRequest(None, first, last), **chosen))  # type: ignore[arg-type]  # click's
