"""JSON of an export's imported spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.shapes import Answer, ByteCount, DateText, HumanReadable, human

if TYPE_CHECKING:
    from reports.ledger.imported import Imported


class SpanOfExport(Answer, rename={"first": "from", "last": "to"}):
    """What other programs have counted within the days `from` to `to`, of which none is known by itself."""

    first: DateText
    last: DateText
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    human_readable: HumanReadable
    imported_from: list[str]


def spans_of(imported: Imported) -> list[SpanOfExport]:
    """Shape the spans."""
    return [
        SpanOfExport(
            first=part.first.isoformat(),
            last=part.last.isoformat(),
            bytes_sent=part.bytes.sent,
            bytes_received=part.bytes.received,
            total_bytes=part.bytes.total,
            human_readable=human(part.bytes),
            imported_from=list(part.sources),
        )
        for part in imported.spans
    ]
