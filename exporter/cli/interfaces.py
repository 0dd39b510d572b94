"""`netledger interfaces`: every interface that was ever metered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from exporter.console.books import open_books
from exporter.console.client import ServiceError
from exporter.console.counting_reasons import nothing_yet
from exporter.console.dashboards import dashboard_notes
from exporter.console.printing import Table, print_json, print_table
from reports import usage
from reports.amounts import human_bytes
from reports.ledger_reader import NO_BYTES

if TYPE_CHECKING:
    from exporter.console.books import Books
    from exporter.console.outside import Outside

COLUMNS = ("Interface", "Counted", "Today", "Received", "Sent", "Ever")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
@click.option("--interface", metavar="NAME", help="Only this one.")
@click.pass_obj
def interfaces(outside: Outside, *, as_json: bool, interface: str | None) -> None:
    """Every interface: counted or not, today, ever.

    With a running service, the JSON has link and speed too.
    """
    books = open_books(outside)
    if as_json:
        rows = [row for row in _documents(books) if interface in {None, row["interface"]}]
        _require(interface, found=bool(rows))
        print_json({"interfaces": rows})
        return
    with books.read() as ledger:
        period = usage.today(ledger, books.now()).period
        today = ledger.days_by_interface(period.first, period.last)
        found = [held for held in ledger.interfaces() if interface in {None, held.device}]
        nothing = nothing_yet(books, ledger)
    _require(interface, found=bool(found))
    if not found:
        click.echo(nothing)
        return
    rows_of_text = [
        (
            held.device,
            "yes" if held.is_counted else "no",
            human_bytes(today.get(held.device, NO_BYTES).total),
            human_bytes(held.bytes.received),
            human_bytes(held.bytes.sent),
            human_bytes(held.bytes.total),
        )
        for held in found
    ]
    dashboard = dashboard_notes(books.settings, lambda links: links.interfaces(period.start, None, interface))
    print_table(Table("Interfaces", COLUMNS, rows_of_text, left=frozenset({0, 1})), dashboard)


def _documents(books: Books) -> list[dict[str, Any]]:
    """As the service gives them; without one, from the ledger."""
    if books.client is not None:
        try:
            return list(books.client.get("/api/interfaces")["interfaces"])
        except ServiceError as error:
            click.echo(f"without links and speeds: {error}", err=True)
    import msgspec  # noqa: PLC0415 - the settings have loaded it; only this form uses it

    from reports.formats import json as shapes  # noqa: PLC0415 - as above

    with books.read() as ledger:
        period = usage.today(ledger, books.now()).period
        today = ledger.days_by_interface(period.first, period.last)
        return [
            msgspec.to_builtins(shapes.interface(held, today.get(held.device, NO_BYTES), ledger.zone))
            for held in ledger.interfaces()
        ]


def _require(interface: str | None, *, found: bool) -> None:
    if interface is not None and not found:
        raise click.UsageError(f"interface: the ledger knows no {interface!r}")
