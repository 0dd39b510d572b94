"""`netledger apps`: usage by application."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.session.application_questions import ApplicationsRequest, is_period, named_period
from exporter.session.application_tables import application_answer, applications_answer
from exporter.session.reading import reading
from exporter.terminal.options import hosts_option, scope_option
from exporter.terminal.question_options import DATE
from reports.calendar.requests import PeriodRequest
from reports.usage.applications import SORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.reading import CommandAnswer
    from exporter.session.session import Session
    from reports.calendar.requests import IsoDate

MOST_WORDS = 2


@click.command()
@click.argument("words", metavar="[NAME] [PERIOD]", nargs=-1)
@click.option("--name", help="An application that is called as a period is, such as week or 2026.")
@click.option("--from", "first", metavar="YYYY-MM-DD", type=DATE, help="First day of any other period.")
@click.option("--to", "last", metavar="YYYY-MM-DD", type=DATE, help="Its last day, included; today by default.")
@scope_option()
@click.option("--sort", type=click.Choice(list(SORTS)), default="total", show_default=True, help="The order of rows.")
@click.option("--limit", type=click.IntRange(1, 10_000), metavar="N", help="So many applications; the rest in one row.")
@hosts_option
@reading()
def apps(
    session: Session,
    *,
    words: Sequence[str],
    name: str | None,
    first: IsoDate | None,
    last: IsoDate | None,
    scopes: Sequence[str],
    sort: str,
    limit: int | None,
) -> CommandAnswer:
    """Usage by application, or of one by day.

    PERIOD is today, week, month, year, all, YYYY, YYYY-MM or YYYY-MM-DD: today without NAME, this month with it.
    """
    application, period = _names(words, name)
    if period is not None and (first or last):
        raise click.UsageError(f"{period} and --from or --to: give one of them")
    days = named_period(period) if period is not None else PeriodRequest(None, first, last)
    request = ApplicationsRequest(days, scopes, sort, limit)
    if application is None:
        return applications_answer(session, request)
    return application_answer(session, application, request)


def _names(words: Sequence[str], name: str | None) -> tuple[str | None, str | None]:
    """The application and the period among the words; a word that may be a period is one."""
    periods = [word for word in words if is_period(word)]
    names = [*([name] if name is not None else []), *(word for word in words if not is_period(word))]
    if len(names) > 1 or len(periods) > 1:
        first, second = (names if len(names) > 1 else periods)[:MOST_WORDS]
        raise click.UsageError(f"{first!r} and {second!r}: give one application, in quotes where its name has blanks")
    return next(iter(names), None), next(iter(periods), None)
