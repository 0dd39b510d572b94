"""CSV (RFC 4180): a line a day, the columns that PacketBuddy's readers know first; imported spans last."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export

COLUMNS = "date,bytes_sent,bytes_received,total_bytes,peak_speed,estimated_bytes,interface,host"
IMPORTED_COLUMNS = "imported_bytes,imported_from"
"""Further ones where anything of the range was imported."""
LINE_END = "\r\n"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters of a cell that a spreadsheet would run: it gets an apostrophe, as OWASP advises."""
NEEDS_QUOTES = frozenset(',"\r\n')


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; peak_speed in bytes per second; no interface for the sum of several."""
    names = f"{cell(export.device or '')},{cell(export.host.name)}"
    if export.imported.facts:
        yield from _with_imported(export, names)
        return
    yield (COLUMNS + LINE_END).encode()
    names += LINE_END
    for days in export.batches():
        lines = [
            f"{day},{sent},{received},{received + sent},{peak},{estimated},{names}"
            for day, received, sent, estimated, peak in zip(*days, strict=True)
        ]
        yield "".join(lines).encode()


def _with_imported(export: Export, names: str) -> Iterator[bytes]:
    """The same with what other programs have counted; the date of a span is an ISO 8601 interval of its days."""
    yield f"{COLUMNS},{IMPORTED_COLUMNS}{LINE_END}".encode()
    by_date = export.imported.by_date
    for days in export.batches():
        lines = []
        for day, received, sent, estimated, peak in zip(*days, strict=True):
            part = by_date.get(day)
            imported = "0," if part is None else f"{part.bytes.total},{cell(part.label)}"
            lines.append(f"{day},{sent},{received},{received + sent},{peak},{estimated},{names},{imported}{LINE_END}")
        yield "".join(lines).encode()
    for part in export.imported.spans:
        total = part.bytes.total
        amounts = f"{part.bytes.sent},{part.bytes.received},{total},0,0"
        yield f"{part.first}/{part.last},{amounts},{names},{total},{cell(part.label)}{LINE_END}".encode()


def cell(text: str) -> str:
    """A text as a cell that is never taken for a formula, in quotes where it needs them."""
    safe = f"'{text}" if text.startswith(FORMULA_STARTS) else text
    if NEEDS_QUOTES.isdisjoint(safe) and safe == safe.strip():
        return safe
    return '"' + safe.replace('"', '""') + '"'
