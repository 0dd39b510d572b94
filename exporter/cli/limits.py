"""`netledger limits`: how far each limit of an application has come."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.session.questions import Question, ask
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.amounts import bytes_text, percent_text
from exporter.terminal.imported import mark_note, marked
from exporter.terminal.printing import TextTable, print_table
from reports.billing.limits import limit_statuses
from reports.formats.json import limits as shapes

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.ledger.reader import LedgerReader

COLUMNS = ("Application", "Period", "Used", "Limit", "Left", "Share")


@click.command()
@reading()
def limits(session: Session) -> CommandAnswer:
    """What each application with a limit (applications.limits) has moved of it in the current day, week or month."""

    def answer(ledger: LedgerReader) -> shapes.Limits:
        return shapes.limits(limit_statuses(ledger, session.settings.applications.limits, session.now()))

    found = ask(session, Question("/api/limits", {}, shapes.Limits, answer)).answer
    return CommandAnswer(found, partial(_print_limits, found))


def _print_limits(answer: shapes.Limits) -> None:
    if not answer.limits:
        click.echo("no application has a limit: set applications.limits, as {steam: 50 GB/month}")
        return
    rows = [
        (
            marked(row.application, row.imported_bytes),
            row.period,
            bytes_text(row.used_bytes),
            bytes_text(row.limit_bytes),
            f"{'-' * (row.left_bytes < 0)}{bytes_text(abs(row.left_bytes))}",
            percent_text(row.used_ratio),
        )
        for row in answer.limits
    ]
    notes = mark_note(sum(row.imported_bytes for row in answer.limits))
    print_table(TextTable("Limits of applications", COLUMNS, rows, left=frozenset({0, 1})), notes)
