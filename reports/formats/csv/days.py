"""CSV (RFC 4180): a line a day, the columns that PacketBuddy's readers know first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export

COLUMNS = "date,bytes_sent,bytes_received,total_bytes,peak_speed,estimated_bytes,interface,host"
LINE_END = "\r\n"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters of a cell that a spreadsheet would run: it gets an apostrophe, as OWASP advises."""
NEEDS_QUOTES = frozenset(',"\r\n')


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; peak_speed in bytes per second; no interface for the sum of several."""
    yield (COLUMNS + LINE_END).encode()
    names = f"{cell(export.device or '')},{cell(export.host.name)}{LINE_END}"
    for days in export.batches():
        lines = [
            f"{day},{sent},{received},{received + sent},{peak},{estimated},{names}"
            for day, received, sent, estimated, peak in zip(*days, strict=True)
        ]
        yield "".join(lines).encode()


def cell(text: str) -> str:
    """A text as a cell that is never taken for a formula, in quotes where it needs them."""
    safe = f"'{text}" if text.startswith(FORMULA_STARTS) else text
    if NEEDS_QUOTES.isdisjoint(safe) and safe == safe.strip():
        return safe
    return '"' + safe.replace('"', '""') + '"'
