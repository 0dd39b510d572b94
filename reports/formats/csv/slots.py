"""CSV (RFC 4180) by quarter hours: a line for each interface and slot, or day where its slots are not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import ONE_DAY, day_start, iso
from reports.formats.csv.days import IMPORTED_COLUMNS, LINE_END, cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reports.export.slots import SlotExport
    from reports.ledger.imported import ImportedPart
    from reports.ledger.past import PastSpan

COLUMNS = "start,bytes_sent,bytes_received,total_bytes,peak_speed,estimated_bytes,interface,host,resolution"
SPAN = "span"
"""The resolution of imported bytes of which no day is known: their start is an ISO 8601 interval."""


def write(export: SlotExport) -> Iterator[bytes]:
    """UTF-8; start as ISO 8601 with offset, peak_speed in bytes per second."""
    is_plain = not export.by_day.imported.facts
    yield (COLUMNS + ("" if is_plain else f",{IMPORTED_COLUMNS}") + LINE_END).encode()
    host = cell(export.by_day.host.name)
    names = {device: f"{cell(device)},{host}" for device in export.used}
    for rows in export.batches():
        lines = [
            f"{start},{sent},{received},{received + sent},{peak},{estimated},{names[device]},{resolution}"
            f"{'' if is_plain else _imported(imported)}{LINE_END}"
            for start, device, received, sent, estimated, peak, resolution, imported in rows
        ]
        yield "".join(lines).encode()
    for part in export.by_day.imported.spans:
        found = [span for span in export.spans if (span.first, span.last) == (part.first, part.last)]
        yield "".join(_span(span, part, host, export.by_day.zone) for span in found).encode()


def _imported(part: ImportedPart | None) -> str:
    return ",0," if part is None else f",{part.bytes.total},{cell(part.label)}"


def _span(span: PastSpan, part: ImportedPart, host: str, zone: ZoneInfo) -> str:
    """`part` has the sources of all interfaces' spans of these days."""
    moved = span.bytes
    interval = f"{iso(day_start(span.first, zone), zone)}/{iso(day_start(span.last + ONE_DAY, zone), zone)}"
    amounts = f"{moved.sent},{moved.received},{moved.total},0,0"
    imported = f"{moved.total},{cell(part.label)}"
    return f"{interval},{amounts},{cell(span.interface)},{host},{SPAN},{imported}{LINE_END}"
