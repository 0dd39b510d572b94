"""CSV (RFC 4180) by quarter hours: a line for each interface and slot, or day where its slots are not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.csv.days import LINE_END, cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.slots import SlotExport

COLUMNS = "start,bytes_sent,bytes_received,total_bytes,peak_speed,estimated_bytes,interface,host,resolution"


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
