"""JSON shapes that several answers and the export share; field names are those that PacketBuddy's clients know."""

from __future__ import annotations

from typing import Annotated

import msgspec

from reports.ledger.rows import NO_BYTES, Bytes
from reports.text.amounts import compatible_bytes

ByteCount = Annotated[int, msgspec.Meta(ge=0)]
DateText = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date"}, examples=["2026-08-05"])]
MonthText = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[0-9]{4}-[0-9]{2}$"}, examples=["2026-08"])]
Timestamp = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"format": "date-time"}, examples=["2026-08-05T18:30:00+05:30"]),
]
"""ISO 8601 with offset."""


# gc=False: no answer holds itself, and thousands of days are made 7 % faster.
class Answer(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """A JSON object; fields that are not set are left out."""


class HumanReadable(Answer):
    """Amounts as people read them, in units of 1000."""

    sent: str
    received: str
    total: str
    peak_speed: str | msgspec.UnsetType = msgspec.UNSET


class Usage(Answer):
    """Bytes; `estimated_bytes` of them were counted across a gap, `imported_bytes` by other programs."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount
    human_readable: HumanReadable
    estimated_bytes: ByteCount = 0
    imported_bytes: ByteCount = 0


def human(used: Bytes) -> HumanReadable:
    """Amounts in words, without a peak speed."""
    return HumanReadable(
        sent=compatible_bytes(used.sent), received=compatible_bytes(used.received), total=compatible_bytes(used.total)
    )


def usage_of(used: Bytes, imported: Bytes = NO_BYTES) -> Usage:
    """Shape an amount; other programs have counted the part `imported`."""
    return Usage(
        bytes_sent=used.sent,
        bytes_received=used.received,
        total_bytes=used.total,
        human_readable=human(used),
        estimated_bytes=used.estimated,
        imported_bytes=imported.total,
    )
