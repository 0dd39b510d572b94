"""`netledger interfaces`: every interface that was ever metered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from exporter.session.client import ServiceError
from exporter.session.dashboards import dashboard_notes
from exporter.session.known_interfaces import known_interfaces, no_data_text
from exporter.session.questions import ask
from exporter.session.session import open_session
from exporter.terminal.amounts import bytes_text
from exporter.terminal.imported import mark_note, marked
from exporter.terminal.options import API_JSON, interface_option, json_option
from exporter.terminal.printing import TextTable, print_json, print_sentence, print_table
from reports.calendar.days import day_of, day_start
from reports.formats.json import usage as shapes
from reports.ledger.interface_names import devices_of, interface_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.environment import Environment
    from exporter.session.session import Session

COLUMNS = ("Interface", "Counted", "Today", "Ever", "Received ever", "Sent ever")


@click.command()
@json_option(API_JSON)
@interface_option("Only this one.")
@click.pass_obj
def interfaces(environment: Environment, *, as_json: bool, interfaces: Sequence[str]) -> None:
    """Every interface: counted or not, today, ever.

    With a running service, the JSON has link and speed too.
    """
    session = open_session(environment)
    found = ask(session, known_interfaces(session))
    known = (_of_service(session) if as_json else None) or found.answer
    aliases = {row.interface: row.alias for row in known.interfaces if row.alias}
    chosen = devices_of(interfaces, [row.interface for row in known.interfaces], aliases)
    rows = [row for row in known.interfaces if not interfaces or row.interface in chosen]
    if as_json:
        print_json(shapes.Interfaces(interfaces=rows))
        return
    if not rows:
        print_sentence(no_data_text(session))
        return
    start = day_start(day_of(session.now(), found.zone), found.zone)
    notes = [] if session.holder or "not running" not in found.until else [found.until]
    notes += mark_note(sum(row.lifetime.imported_bytes for row in rows))
    notes += dashboard_notes(session.settings, lambda links: links.interfaces(start, None, chosen))
    print_table(TextTable("Interfaces", COLUMNS, [_words(row) for row in rows], left=frozenset({0, 1})), notes)


def _words(row: shapes.InterfaceUsage) -> tuple[str, ...]:
    ever = row.lifetime
    amounts = (row.today.total_bytes, ever.total_bytes, ever.bytes_received, ever.bytes_sent)
    return (
        marked(interface_label(row.interface, {row.interface: row.alias or ""}), ever.imported_bytes),
        "yes" if row.counted else "no",
        *map(bytes_text, amounts),
    )


def _of_service(session: Session) -> shapes.Interfaces | None:
    """As the service that writes this ledger gives them: with links and speeds."""
    if session.client is None:
        return None
    try:
        return msgspec.convert(session.client.get("/api/interfaces"), shapes.Interfaces)
    except (ServiceError, msgspec.ValidationError) as error:
        click.echo(f"without links and speeds: {error}", err=True)
        return None
