"""`netledger requests monitors`: how the monitors of uptime stand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click
import msgspec

from exporter.meters.requests.monitors.answers import monitor_answers
from exporter.session.client import ServiceError
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.amounts import chosen_style
from exporter.terminal.dates import time_text
from exporter.terminal.printing import TextTable, print_table
from reports.formats.json.monitors import Monitors

if TYPE_CHECKING:
    from exporter.session.session import Session
    from reports.formats.json.monitors import MonitorAnswer

PATH = "/api/requests/monitors"
COLUMNS = ("Monitor", "State", "Checked", "Latency", "24 h", "30 d", "Certificate ends", "Reason")


@click.command()
@reading()
def monitors(session: Session) -> CommandAnswer:
    """Monitors of uptime (requests.monitors): up or down, the newest check, the share of good checks."""
    if session.client is not None:
        try:
            found = msgspec.convert(session.client.get(PATH), Monitors)
        except ServiceError as error:
            raise click.ClickException(str(error)) from error
    else:
        with session.read() as ledger:
            answers = monitor_answers(ledger, session.settings.requests.monitors, session.now(), {})
        found = Monitors(monitors=answers)
    return CommandAnswer(found, partial(_print_monitors, found))


def _print_monitors(answer: Monitors) -> None:
    if not answer.monitors:
        click.echo("there is no monitor: set requests.monitors, as [{name: site, url: https://example.org/}]")
        return
    rows = [_row(each) for each in answer.monitors]
    print_table(TextTable("Monitors", COLUMNS, rows, left=frozenset({0, 1, 2, 6, 7})))


def _row(row: MonitorAnswer) -> tuple[str, ...]:
    since = f" since {time_text(row.down_since)}" if row.down_since else ""
    return (
        row.monitor,
        {True: "up", False: f"down{since}", None: "unknown"}[row.is_up],
        time_text(row.checked_at) if row.checked_at else "",
        chosen_style().number(f"{row.latency_ms:.1f} ms") if row.latency_ms is not None else "",
        _percent(row.uptime_24h),
        _percent(row.uptime_30d),
        time_text(row.certificate_ends) if row.certificate_ends else "",
        row.reason or "",
    )


def _percent(share: float | None) -> str:
    """Cut, not rounded: 100 % are without a failure."""
    return "" if share is None else chosen_style().number(f"{int(share * 100_000) / 1000:.3f} %")
