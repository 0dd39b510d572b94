"""CSV (RFC 4180) by quarter hours: a line for each interface and slot, or day where its slots are not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import ONE_DAY, day_start, iso
from reports.formats.csv.days import LINE_END, cell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from reports.export.slots import SlotExport
    from reports.ledger.past import PastSpan

COLUMNS = "start,bytes_sent,bytes_received,total_bytes,peak_speed,estimated_bytes,interface,host,resolution"
SPAN = "span"
"""The resolution of imported bytes of which no day is known: their start is an ISO 8601 interval."""


def write(export: SlotExport) -> Iterator[bytes]:
    """UTF-8; start as ISO 8601 with offset, peak_speed in bytes per second."""
    yield (COLUMNS + LINE_END).encode()
    host = cell(export.by_day.host.name)
    names = {device: f"{cell(device)},{host}" for device in export.used}
    for rows in export.batches():
        lines = [
            f"{start},{sent},{received},{received + sent},{peak},{estimated},{names[device]},{resolution}{LINE_END}"
            for start, device, received, sent, estimated, peak, resolution in rows
        ]
        yield "".join(lines).encode()
    if export.spans:
        yield "".join(_span(span, host, export.by_day.zone) for span in export.spans).encode()


def _span(span: PastSpan, host: str, zone: ZoneInfo) -> str:
    moved = span.bytes
    interval = f"{iso(day_start(span.first, zone), zone)}/{iso(day_start(span.last + ONE_DAY, zone), zone)}"
    amounts = f"{moved.sent},{moved.received},{moved.total},0,0"
    return f"{interval},{amounts},{cell(span.interface)},{host},{SPAN}{LINE_END}"
