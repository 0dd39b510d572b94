"""`netledger requests`: what services answer, by service, or by route of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.session.application_questions import is_period, named_period
from exporter.session.reading import reading
from exporter.session.request_questions import RequestsRequest
from exporter.session.request_tables import routes_answer, services_answer
from exporter.terminal.question_options import BOUND
from reports.calendar.requests import PeriodRequest
from reports.usage.requests.summary import MOST_ROUTES, SORTS

if TYPE_CHECKING:
    from exporter.session.reading import CommandAnswer
    from exporter.session.session import Session
    from reports.calendar.requests import Bound


@click.command()
@click.argument("service", required=False)
@click.argument("period", required=False)
@click.option("--from", "first", metavar="DAY", type=BOUND, help="First day, or an instant, of any other period.")
@click.option("--to", "last", metavar="DAY", type=BOUND, help="Its last day, included, or an instant, excluded.")
@click.option("--exclude", metavar="LIST", help="What is left out: 404, health, or none; else what the settings say.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="requests", show_default=True, help="Order of routes.")
@click.option("--limit", type=click.IntRange(1, 500), default=MOST_ROUTES, show_default=True, help="So many routes.")
@reading()
def requests(
    session: Session,
    *,
    service: str | None,
    period: str | None,
    first: Bound | None,
    last: Bound | None,
    exclude: str | None,
    sort: str,
    limit: int,
) -> CommandAnswer:
    """Requests, errors, times and bytes of every service, or of SERVICE by route.

    PERIOD is today, week, month, year, all, YYYY, YYYY-MM or YYYY-MM-DD: today without any. Alone, it is of every
    service.

    Other commands: requests log, top, key, import, monitors; a service of such a name comes after --.
    """
    if service is not None and period is None and is_period(service):
        service, period = None, service
    if period is not None and (first or last):
        raise click.UsageError(f"{period} and --from or --to: give one of them")
    if period is not None and not is_period(period):
        raise click.UsageError(f"period: {period!r} is none: use today, week, month, year, all, or a date")
    days = named_period(period) if period is not None else PeriodRequest(None, first, last)
    request = RequestsRequest(days, service, exclude, sort, limit)
    return services_answer(session, request) if service is None else routes_answer(session, request)
