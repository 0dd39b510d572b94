"""JSON by quarter hours: the head of the export by days, and a row for each interface and slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from reports.calendar.periods import SLOT_SECONDS, iso
from reports.formats.json.export import (
    Head,
    InterfaceOfExport,
    Metadata,
    MonthOfExport,
    Summarized,
    head,
    opening,
)
from reports.formats.json.usage import Answer, ByteCount, Timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.export.slots import Row, SlotExport


class SlotMetadata(Metadata):
    """`slots_since`: the first day that is told by slots, null where there is none; `notice` says what is not."""

    resolution: Literal["slot"]
    slot_seconds: int
    slots_since: Timestamp | None


class SlotOfExport(Answer):
    """One interface in the slot that begins at `start`, or in that local day where its slots are not all kept."""

    start: Timestamp
    interface: str
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    peak_speed: ByteCount
    estimated_bytes: ByteCount
    resolution: Literal["slot", "day"]


class SlotDocument(Answer):
    """An export by slots; those in which nothing was moved are left out."""

    metadata: SlotMetadata
    summary: Summarized
    interfaces: list[InterfaceOfExport]
    monthly_data: list[MonthOfExport]
    slot_data: list[SlotOfExport]


def write(told: SlotExport) -> Iterator[bytes]:
    """One JSON object, a SlotDocument."""
    yield opening(_head(told)) + b'"slot_data":['
    names = {device: msgspec.json.encode(device).decode() for device in told.used}
    separator = b""
    for rows in told.batches():
        yield separator + ",".join(_lines(rows, names)).encode()
        separator = b","
    yield b"]}\n"


def _head(told: SlotExport) -> Head:
    by_day = head(told.by_day)
    since = None if told.slots_since is None else iso(told.slots_since, told.by_day.zone)
    facts = msgspec.structs.asdict(by_day.metadata) | {"notice": told.notice or None}
    metadata = SlotMetadata(**facts, resolution="slot", slot_seconds=SLOT_SECONDS, slots_since=since)
    return by_day._replace(metadata=metadata)


def _lines(rows: Sequence[Row], names: dict[str, str]) -> list[str]:
    """Rows as `SlotOfExport` has them."""
    return [
        f'{{"start":"{start}","interface":{names[device]},"bytes_sent":{sent},"bytes_received":{received},'
        f'"total_bytes":{received + sent},"peak_speed":{peak},"estimated_bytes":{estimated},'
        f'"resolution":"{resolution}"}}'
        for start, device, received, sent, estimated, peak, resolution in rows
    ]
