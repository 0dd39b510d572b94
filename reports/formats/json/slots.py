"""JSON by quarter hours: the head of the export by days, and a row for each interface and slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from reports.calendar.days import SLOT_SECONDS, iso
from reports.formats.document import InterfaceOfExport, Metadata, MonthOfExport, Summarized, head_of
from reports.formats.imported_shapes import SpanOfExport  # noqa: TC001 - msgspec reads the type
from reports.formats.json.export import pieces
from reports.formats.shapes import Answer, ByteCount, Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.export.slots import SlotExport, SlotRow


class SlotMetadata(Metadata, kw_only=True):
    """`slots_since`: the first day with slots, null where there is none; `notice` names the days without."""

    resolution: Literal["slot"]
    slot_seconds: int
    slots_since: Timestamp | None


class SlotOfExport(Answer):
    """One interface in the slot that begins at `start`, or in that local day where its slots are not all kept.

    Of a day the programs `imported_from` have counted `imported_bytes`.
    """

    start: Timestamp
    interface: str
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount
    estimated_bytes: ByteCount
    resolution: Literal["slot", "day"]
    imported_bytes: ByteCount = 0
    imported_from: list[str] | msgspec.UnsetType = msgspec.UNSET


class SlotDocument(Answer):
    """An export by slots; those without traffic are left out. `imported_spans` are in the sums and in no row."""

    metadata: SlotMetadata
    summary: Summarized
    interfaces: list[InterfaceOfExport]
    monthly_data: list[MonthOfExport]
    slot_data: list[SlotOfExport]
    imported_spans: list[SpanOfExport] | msgspec.UnsetType = msgspec.UNSET


def write(export: SlotExport) -> Iterator[bytes]:
    """One JSON object, a SlotDocument."""
    head = head_of(export.by_day)
    since = None if export.slots_since is None else iso(export.slots_since, export.by_day.zone)
    facts = msgspec.structs.asdict(head.metadata) | {"notice": export.notice or None}
    head.metadata = SlotMetadata(**facts, resolution="slot", slot_seconds=SLOT_SECONDS, slots_since=since)
    return pieces(head, "slot_data", map(_slots, export.batches()))


def _slots(rows: Iterable[SlotRow]) -> list[SlotOfExport]:
    return [
        SlotOfExport(
            start=start,
            interface=device,
            bytes_sent=sent,
            bytes_received=received,
            total_bytes=received + sent,
            peak_speed=peak,
            estimated_bytes=estimated,
            resolution=resolution,
            imported_bytes=0 if imported is None else imported.bytes.total,
            imported_from=msgspec.UNSET if imported is None else list(imported.sources),
        )
        for start, device, received, sent, estimated, peak, resolution, imported in rows
    ]
