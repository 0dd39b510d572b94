"""FastAPI Bandwidth Monitor: its monthly_traffic.json. Facts: its README, and the file that it writes.

It has one month, that of its last save, of the interface with the default route; the next month takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.importing.cells import CellError, begin
from exporter.importing.foreign import amounts
from exporter.importing.spans import Span, end, until
from exporter.ledger.past.rows import ForeignFileError, Past, PastRow

if TYPE_CHECKING:
    from exporter.importing.foreign import ForeignFile, ReadingOptions

KIND = "bandwidth-monitor"
FILES = "Bandwidth Monitor (monthly_traffic.json)"
MONTH, AMOUNTS = "month", ("total_bytes_recv", "total_bytes_sent")


def claims(file: ForeignFile) -> bool:
    """True for an object that has a month and its two sums."""
    return isinstance(file.document, dict) and {MONTH, *AMOUNTS} <= set(file.document)


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """Its one month, up to the day on which it was saved."""
    document: Any = file.document
    try:
        month = begin(str(document[MONTH]))
    except CellError as error:
        raise ForeignFileError(f"{file.path}: month: {document[MONTH]!r} {error}") from error
    if not isinstance(month, Span) or month.first == month.last:
        raise ForeignFileError(f"{file.path}: month: {document[MONTH]!r} is no month, as 2026-11 is")
    received, sent = amounts(file.path, document[MONTH], [document[name] for name in AMOUNTS], AMOUNTS)
    first, last = until(month, file.modified, options.zone)
    return Past(
        kind=KIND,
        identity=document[MONTH],
        read_until=min(file.modified, end(month.last, options.zone)),
        rows=[PastRow(options.subject(KIND), first, last, received, sent)],
        machine=options.machine(KIND),
    )
