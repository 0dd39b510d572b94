"""Usage period by period on the command line: minutes, yesterday, days, months, years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.session.period_tables import list_answer, list_options, yesterday_answer
from exporter.session.reading import reading
from exporter.terminal.question_options import filter_options
from reports.usage.period_list import MINUTE_STEPS, USUAL_MINUTES, PeriodListRequest

if TYPE_CHECKING:
    from exporter.session.reading import CommandAnswer
    from exporter.session.session import Session
    from reports.calendar.requests import Bound
    from reports.usage.scopes import UsageFilter


@click.command()
@list_options
@click.option(
    "--step", type=click.Choice(MINUTE_STEPS), default=USUAL_MINUTES, show_default=True, help="The length of a row."
)
@filter_options
@reading()
def minutes(
    session: Session,
    *,
    number: int | None,
    first: Bound | None,
    last: Bound | None,
    step: str,
    usage_filter: UsageFilter,
) -> CommandAnswer:
    """Usage of the last minutes: 12 times five by default."""
    return list_answer(session, PeriodListRequest("minutes", number, first, last, step), usage_filter)


@click.command()
@filter_options
@reading()
def yesterday(session: Session, *, usage_filter: UsageFilter) -> CommandAnswer:
    """Usage of the day before."""
    return yesterday_answer(session, usage_filter)


@click.command()
@list_options
@filter_options
@reading()
def days(
    session: Session, *, number: int | None, first: Bound | None, last: Bound | None, usage_filter: UsageFilter
) -> CommandAnswer:
    """Usage of the last days, 30 by default, with an estimate of today."""
    return list_answer(session, PeriodListRequest("days", number, first, last), usage_filter)


@click.command()
@list_options
@filter_options
@reading()
def months(
    session: Session, *, number: int | None, first: Bound | None, last: Bound | None, usage_filter: UsageFilter
) -> CommandAnswer:
    """Usage of the last months, 12 by default, with an estimate of this one."""
    return list_answer(session, PeriodListRequest("months", number, first, last), usage_filter)


@click.command()
@list_options
@filter_options
@reading()
def years(
    session: Session, *, number: int | None, first: Bound | None, last: Bound | None, usage_filter: UsageFilter
) -> CommandAnswer:
    """Usage of all years, with an estimate of this one."""
    return list_answer(session, PeriodListRequest("years", number, first, last), usage_filter)
