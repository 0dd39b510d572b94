"""`netledger interfaces`: every interface that was ever metered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from exporter.console.books import open_books
from exporter.console.printing import print_json, print_table
from reports import usage
from reports.amounts import human_bytes
from reports.ledger_reader import NO_BYTES

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--interface", metavar="NAME", help="Only this one.")
@click.pass_obj
def interfaces(config: Path | None, *, as_json: bool, interface: str | None) -> None:
    """Every interface: counted or not, today, ever."""
    with open_books(config).read() as ledger:
        period = usage.today(ledger, time.time()).period
        today = ledger.days_by_interface(period.first, period.last)
        zone = ledger.zone
        found = [held for held in ledger.interfaces() if interface in {None, held.device}]
    if interface is not None and not found:
        raise click.UsageError(f"interface: the ledger knows no {interface!r}")
    if as_json:
        from reports.formats import json as shapes  # noqa: PLC0415 - msgspec costs a table 9 ms

        rows = [shapes.interface(held, today.get(held.device, NO_BYTES), zone) for held in found]
        print_json(shapes.Interfaces(interfaces=rows))
        return
    print_table(
        "Interfaces",
        ("Interface", "Counted", "Today", "Received", "Sent", "Ever"),
        [
            (
                held.device,
                "yes" if held.is_counted else "no",
                human_bytes(today.get(held.device, NO_BYTES).total),
                human_bytes(held.bytes.received),
                human_bytes(held.bytes.sent),
                human_bytes(held.bytes.total),
            )
            for held in found
        ],
    )
