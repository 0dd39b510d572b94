"""CSV (RFC 4180) of applications: a line for each application and scope, and one for what is unattributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.csv.days import IMPORTED_COLUMNS, LINE_END, cell
from reports.ledger.imported import SEPARATOR
from reports.ledger.shape import IMPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export
    from reports.ledger.reader import Bytes
    from reports.usage.applications import ApplicationUsage

COLUMNS = "application,scope,bytes_sent,bytes_received,total_bytes,estimated_bytes,from,to,host"
UNATTRIBUTED = "(unattributed)"
"""Bytes of the counted interfaces that no application was credited with; they have no scope, and may be negative."""


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; the bytes are of all days from `from` to `to`.

    Where any was imported, lines say so in two further columns; those of what was imported have a scope of their own.
    """
    found = export.applications
    has_imported = found is not None and IMPORTED in found.scopes
    yield f"{COLUMNS}{f',{IMPORTED_COLUMNS}' * has_imported}{LINE_END}".encode()
    if found is None:
        return
    end = f"{export.first_date},{export.last_date},{cell(export.host.name)}"
    own = f"{end}{',0,' * has_imported}{LINE_END}"
    lines = [
        _line(row.name, scope, used, own if scope != IMPORTED else f"{end},{_imported(row)}{LINE_END}")
        for row in found.applications
        for scope, used in row.scopes.items()
    ]
    yield "".join([*lines, _line(UNATTRIBUTED, "", found.account.unattributed, own)]).encode()


def _imported(row: ApplicationUsage) -> str:
    return f"{row.imported_bytes},{cell(SEPARATOR.join(row.imported_from))}"


def _line(name: str, scope: str, used: Bytes, end: str) -> str:
    return f"{cell(name)},{cell(scope)},{used.sent},{used.received},{used.total},{used.estimated},{end}"
