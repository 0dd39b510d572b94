"""CSV with PacketBuddy's five columns and no other, for readers that count them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.csv.days import LINE_END

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export

COLUMNS = "date,bytes_sent,bytes_received,total_bytes,peak_speed"


def write(export: Export) -> Iterator[bytes]:
    """UTF-8; peak_speed in bytes per second."""
    yield (COLUMNS + LINE_END).encode()
    for days in export.batches():
        lines = [
            f"{day},{sent},{received},{received + sent},{peak}{LINE_END}"
            for day, received, sent, _, peak in zip(*days, strict=True)
        ]
        yield "".join(lines).encode()
