"""Protobuf's wire format: fields, numbers, and the attributes of OTLP that are used.

https://protobuf.dev/programming-guides/encoding. Tags are field number << 3 | wire type, so that a known field of
another type is an unknown one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from exporter.meters.requests.otlp.conventions import NAMES
from exporter.meters.requests.otlp.messages import NOTHING, UNUSED, AttributeValue, UndecodableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place = tuple[int, int]
"""Where the bytes of a field begin and end in the body."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
SEVEN, MORE, MOST_SHIFT, UNSIGNED = 0x7F, 0x80, 63, (1 << 64) - 1
FIRST, SECOND = 1 << 3 | LENGTH, 2 << 3 | LENGTH
"""Tags of the first and the second field of messages that hold messages."""

KEYS = {name.encode(): known for name, known in NAMES.items()}
MOST_KNOWN, LONGEST_KNOWN = 4096, 200
KNOWN: dict[bytes, tuple[str, AttributeValue]] = {}
"""Attributes by their bytes: most are the same in many spans, and to find one takes a quarter of reading it."""

TRUNCATED = "the body ends within a field"


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message as `field` gives them; raises as it does."""
    while at < end:
        found = field(data, at, end)
        at = found[2]
        yield found


def field(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, then value and where the field ends, or for other than varints where its bytes begin and end.

    Raises UndecodableError, and IndexError where a number goes on behind the last byte.
    """
    tag = data[at]
    at += 1
    if tag > SEVEN:
        tag, at = varint(data, at - 1)
    kind = tag & 7
    if kind == FIXED64:
        begin, at = at, at + 8
    else:
        if kind & FIXED32:
            begin = _size(kind)
        else:  # VARINT or LENGTH
            begin = data[at]
            at += 1
            if begin > SEVEN:
                begin, at = varint(data, at - 1)
        if kind:
            begin, at = at, at + begin
    if at > end:
        raise UndecodableError(TRUNCATED)
    return tag, begin, at


def _size(kind: int) -> int:
    if kind != FIXED32:
        raise UndecodableError(f"wire type {kind} is none of protobuf 3")
    return 4


def varint(data: bytes, at: int) -> Place:
    """An unsigned number of 64 bits, and where it ends; raises UndecodableError and IndexError."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & SEVEN) << shift
        if byte < MORE:
            return value & UNSIGNED, at
        shift += 7
        if shift > MOST_SHIFT:
            raise UndecodableError(f"the number at byte {at} has more than ten bytes")


def places(data: bytes, within: Place, wanted: int) -> list[Place]:
    """The fields of a tag within a message; raises as `fields`."""
    return [(begin, end) for tag, begin, end in fields(data, *within) if tag == wanted]


def attributes_of(data: bytes, within: Iterable[Place]) -> dict[str, AttributeValue]:
    """Those whose names are used."""
    raw = (data[at:end] for at, end in within)
    found = dict(KNOWN.get(each) or attribute(each) for each in raw)
    found.pop(UNUSED, None)
    return found


def attribute(raw: bytes) -> tuple[str, AttributeValue]:
    """Name and value of one that is not in KNOWN, which has it from then on; NOTHING of one that is not used.

    Of one that is not used no more than the name is read, where it comes first as everywhere; numbers, as of ports,
    are mostly other ones each time, and not kept.
    """
    size = raw[1] if raw[:1] == b"\x0a" and len(raw) > 1 else MORE
    name = KEYS.get(raw[2 : 2 + size], UNUSED) if size <= SEVEN else None
    if name == UNUSED:
        if raw[4 + size : 5 + size] != b"\x0a":
            return NOTHING
        found = NOTHING
    elif name and len(raw) <= SEVEN and raw[2 + size : 4 + size] == bytes((SECOND, max(len(raw) - size - 4, 0))):
        value = _value(raw, 4 + size, len(raw))  # nothing but name and value: nearly all
        found = NOTHING if value is None else (name, value)
    else:
        found = _attribute(raw, 0, len(raw))
    if len(raw) <= LONGEST_KNOWN:
        if len(KNOWN) >= MOST_KNOWN:
            KNOWN.clear()
        KNOWN[raw] = found
    return found


def _attribute(data: bytes, at: int, end: int) -> tuple[str, AttributeValue]:
    key, value = UNUSED, None
    for tag, begin, stop in fields(data, at, end):
        if tag == FIRST:
            key = KEYS.get(data[begin:stop], UNUSED)
        elif tag == SECOND:
            value = _value(data, begin, stop)
    return NOTHING if value is None else (key, value)


def _value(data: bytes, at: int, end: int) -> AttributeValue | None:
    if end - at > 1 and data[at] == FIRST and data[at + 1] == end - at - 2:
        return data[at + 2 : end].decode()  # what nearly all are
    value: AttributeValue | None = None
    for tag, begin, stop in fields(data, at, end):
        if tag == FIRST:
            value = data[begin:stop].decode()
        elif tag == 2 << 3 | VARINT:
            value = bool(begin)
        elif tag == 3 << 3 | VARINT:
            value = begin - (begin >> MOST_SHIFT << 64)
        elif tag == 4 << 3 | FIXED64:
            value = double(data, begin)
        else:
            value = None
    return value


def double(data: bytes, at: int) -> float:
    """A double; raises struct.error."""
    value: float = struct.unpack_from("<d", data, at)[0]
    return value


def signed(number: int) -> int:
    """The sint32 that a varint stands for."""
    number &= (1 << 32) - 1
    return (number >> 1) ^ -(number & 1)
