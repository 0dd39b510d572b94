"""What an import of requests brings, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.importing.requests.bringing import bring
from exporter.ledger.past.rows import ForeignFileError
from exporter.session.past_requests import adopt_keys, past_target
from exporter.terminal.printing import TextTable, print_table, printable
from exporter.terminal.progress import progress
from reports.formats.json.imports import ImportedRequestMonth, RequestImportAnswer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from exporter.importing.requests.files import RequestFile
    from exporter.session.session import Session

MONTHS = ("Month", "Service", "Requests", "Errors")


def import_requests(
    session: Session, file: RequestFile, source: str | None, zone: ZoneInfo, *, is_dry: bool, has_keys: bool
) -> RequestImportAnswer:
    """Import a file under a name, by default that of its program; months are cut in `zone`.

    With `has_keys`, its keys work here, too. Raises as `bring` does, and ForeignFileError for a file without keys.
    """
    if has_keys and not file.keys:
        raise ForeignFileError("--with-keys: the file has no keys, or none that are UUIDs")
    with progress("import", 1.0) as advance, past_target(session) as target:
        done = bring(file, source := source or file.kind, target, zone, advance, is_dry=is_dry)
    keys = adopt_keys(session, file.keys) if has_keys and not is_dry else 0
    return RequestImportAnswer(
        source=source,
        is_same=done.is_same,
        is_dry_run=is_dry,
        requests=sum(each.requests for each in done.months.values()),
        errors=sum(each.errors for each in done.months.values()),
        requests_counted_here=done.own,
        keys=keys,
        months=[
            ImportedRequestMonth(month=month, service=service, requests=sums.requests, errors=sums.errors)
            for (month, service), sums in sorted(done.months.items())
        ],
    )


def print_requests(done: RequestImportAnswer) -> None:
    """Print by month and service what came in."""
    rows = [(each.month, printable(each.service), f"{each.requests:,}", f"{each.errors:,}") for each in done.months]
    state = "would be imported" if done.is_dry_run else "imported"
    notes = [f"{done.requests:,} requests {state} as {printable(done.source)}"]
    if done.is_same:
        notes = [f"{done.requests:,} requests had been imported as {printable(done.source)}: nothing has changed"]
    if done.requests_counted_here:
        notes.append(f"{done.requests_counted_here:,} are left out: netledger has counted those services itself then")
    if done.keys:
        notes.append(f"{done.keys} {'key works' if done.keys == 1 else 'keys work'} here from now on")
    print_table(TextTable("Import", MONTHS, rows, left=frozenset({0, 1})), notes)
