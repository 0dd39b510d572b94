"""Tables of what an import brings, and of what was imported."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import click

from exporter.importing.requests.answers import print_requests
from exporter.terminal.amounts import UNKNOWN, bytes_text
from exporter.terminal.dates import time_text
from exporter.terminal.printing import TextTable, print_json, print_table, printable
from reports.formats.json import imports as shapes
from reports.text.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


MONTHS = ("Month", "Of", "Received", "Sent", "Total", "Days", "Longer")
REQUEST_SOURCES = ("Source", "Kind", "From", "To", "Services", "Requests", "Errors", "Imported")
SOURCES = ("Source", "Kind", "From", "To", "Of", "Received", "Sent", "Imported")


def print_import(done: shapes.ImportAnswer | shapes.RequestImportAnswer, *, as_json: bool) -> None:
    """Print what an import brings or brought, by month."""
    if as_json:
        print_json(done)
    elif isinstance(done, shapes.RequestImportAnswer):
        print_requests(done)
    else:
        _print_bytes(done)


def _print_bytes(done: shapes.ImportAnswer) -> None:
    rows = [
        (
            month,
            printable(name),
            bytes_text(received),
            bytes_text(sent),
            bytes_text(received + sent),
            str(days),
            str(spans or ""),
        )
        for month, name, received, sent, days, spans in _months(done.months)
    ]
    total = bytes_text(done.bytes_received + done.bytes_sent)
    source, state = printable(done.source), "would be imported" if done.is_dry_run else "imported"
    notes = [f"{total} {state} as {source}"]
    if done.is_same:
        notes = [f"{total} had been imported as {source}: nothing has changed"]
    if done.bytes_counted_here:
        notes.append(f"{bytes_text(done.bytes_counted_here)} are left out: netledger has counted them itself")
    if any(month.spans for month in done.months):
        notes.append("Longer: spans whose days are not known; they stand at the month in which they begin")
    notes.extend(printable(note) for note in done.notes)
    print_table(TextTable("Import", MONTHS, rows, left=frozenset({0, 1})), notes)


def _months(months: Sequence[shapes.ImportedMonth]) -> Iterator[tuple[str, str, int, int, int, int]]:
    """Month, name, bytes, days and spans; all applications of a month together."""
    for (month, name), group in groupby(months, key=attrgetter("month", "interface")):
        found = list(group)
        sums = (sum(getattr(each, field) for each in found) for field in ("bytes_received", "bytes_sent"))
        days, spans = max(each.days for each in found), max(each.spans for each in found)
        yield month, name or _count(found), *sums, days, spans


def _count(applications: Sequence[object]) -> str:
    return counted(len(applications), "application", "applications")


def print_sources(found: shapes.ImportSources) -> None:
    """Print what was imported, by source."""
    if found.requests:
        print_table(
            TextTable("Imported requests", REQUEST_SOURCES, _request_rows(found), left=frozenset({0, 1, 2, 3, 4}))
        )
    if not found.imports and found.requests:
        return
    if not found.imports:
        click.echo("nothing was imported: `netledger import FILE` reads what another program has counted")
        return
    rows = [
        (
            printable(each.source),
            each.kind,
            each.first_date or "",
            each.last_date or "",
            _subjects(each),
            bytes_text(each.bytes_received),
            bytes_text(each.bytes_sent),
            time_text(each.imported_at),
        )
        for each in found.imports
    ]
    print_table(TextTable("Imports", SOURCES, rows, left=frozenset({0, 1, 2, 3, 4, 7})))


def _subjects(source: shapes.ImportSource) -> str:
    """Names of interfaces, or how many applications; a dash for an import that brought nothing."""
    if source.applications:
        return _count(source.applications)
    return printable(", ".join(source.interfaces)) or UNKNOWN


def _request_rows(found: shapes.ImportSources) -> list[tuple[str, ...]]:
    return [
        (
            printable(each.source),
            each.kind,
            each.first_date or "",
            each.last_date or "",
            printable(", ".join(each.services)),
            f"{each.requests:,}",
            f"{each.errors:,}",
            time_text(each.imported_at),
        )
        for each in found.requests
    ]
