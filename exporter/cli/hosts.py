"""`netledger hosts`: every machine of the mirror."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.mirror.group.figures import hosts_answer
from exporter.session.machines import KnownHosts, known_hosts
from exporter.session.questions import Question, ask
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.amounts import bytes_text, percent_text
from exporter.terminal.printing import TextTable, print_table
from reports.formats.json import hosts as shapes
from reports.text.amounts import human_duration
from reports.text.dates import short_minute

if TYPE_CHECKING:
    from exporter.session.questions import Reply
    from exporter.session.session import Session
    from reports.ledger.reader import LedgerReader

COLUMNS = ("Host", "Last seen", "Behind", "Today", "This month", "Share")
TOTAL, HERE = "TOTAL", "(here)"
NO_MIRROR = "there is no mirror: set mirror.url to see other machines"


@click.command()
@reading()
def hosts(session: Session) -> CommandAnswer:
    """Every machine of the mirror: last seen, today, this month, its share of it, and how old its newest data is."""
    known = known_hosts(session) if session.fallback_service() is None else KnownHosts()

    def answer(ledger: LedgerReader) -> shapes.Hosts:
        return hosts_answer(ledger, session.now(), session.host(ledger), known.hosts, known.labels, known.problem)

    found = ask(session, Question("/api/hosts", {}, shapes.Hosts, answer))
    return CommandAnswer(found.answer, partial(_print_hosts, found))


def _print_hosts(found: Reply[shapes.Hosts]) -> None:
    answer = found.answer
    rows = [_row(host) for host in answer.hosts]
    total = answer.total
    rows.append((TOTAL, "", "", bytes_text(total.today.total_bytes), bytes_text(total.month.total_bytes), ""))
    bars = [*(host.month.total_bytes for host in answer.hosts), None]
    notes = [found.until]
    if isinstance(answer.problem, str):
        notes.append(f"as the mirror was before: {answer.problem}")
    elif answer.read_at is None:
        notes.append(NO_MIRROR)
    print_table(TextTable("Hosts", COLUMNS, rows, bars=bars, left=frozenset({0, 1})), notes)


def _row(host: shapes.HostUsage) -> tuple[str, ...]:
    return (
        f"{host.name} {HERE}" if host.this else host.name,
        short_minute(datetime.fromisoformat(host.last_seen)),
        human_duration(host.behind_seconds) if host.behind_seconds else "",
        bytes_text(host.today.total_bytes),
        bytes_text(host.month.total_bytes),
        percent_text(host.share_percent / 100),
    )
