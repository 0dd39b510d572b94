"""TOON, Token-Oriented Object Notation (toonformat.dev): the document of the JSON export, by the official library.

The library writes a whole document; ten years of days are given to it in batches, whose rows are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import toon_format

from reports.formats.document import days_of, head_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export

DAYS = "daily_data"


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; decoded it equals the JSON export."""
    document = msgspec.to_builtins(head_of(export))
    if not export.days.size:
        document[DAYS] = []
    yield (toon_format.encode(document) + "\n").encode()
    imported, is_first = export.imported.by_date, True
    for days in export.batches():
        header, _, lines = toon_format.encode({DAYS: msgspec.to_builtins(days_of(days, imported))}).partition("\n")
        if is_first:
            yield (header.replace(f"{DAYS}[{days.size}]", f"{DAYS}[{export.days.size}]", 1) + "\n").encode()
        yield (lines + "\n").encode()
        is_first = False
