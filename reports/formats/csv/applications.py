"""CSV (RFC 4180) of applications: a line for each application and scope, and one for what is unattributed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.csv.days import LINE_END, cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export
    from reports.ledger.reader import Bytes

COLUMNS = "application,scope,bytes_sent,bytes_received,total_bytes,estimated_bytes,from,to,host"
UNATTRIBUTED = "(unattributed)"
"""Bytes of the counted interfaces that no application was credited with; they have no scope, and may be negative."""


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; the bytes are of all days from `from` to `to`."""
    yield (COLUMNS + LINE_END).encode()
    if export.applications is None:
        return
    end = f"{export.first_date},{export.last_date},{cell(export.host.name)}{LINE_END}"
    lines = [
        _line(row.name, scope, used, end)
        for row in export.applications.applications
        for scope, used in row.scopes.items()
    ]
    yield "".join([*lines, _line(UNATTRIBUTED, "", export.applications.account.unattributed, end)]).encode()


def _line(name: str, scope: str, used: Bytes, end: str) -> str:
    return f"{cell(name)},{cell(scope)},{used.sent},{used.received},{used.total},{used.estimated},{end}"
