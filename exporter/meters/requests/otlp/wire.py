"""Protobuf's wire format: fields, numbers, and the attributes of OTLP that are used.

https://protobuf.dev/programming-guides/encoding. Tags are field number << 3 | wire type, so that a known field of
another type is an unknown one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from exporter.meters.requests.otlp.conventions import NAMES
from exporter.meters.requests.otlp.messages import AttributeValue, UndecodableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place = tuple[int, int]
"""Where the bytes of a field begin and end in the body."""

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
SIZES = {FIXED64: 8, FIXED32: 4}
SEVEN, MORE, MOST_SHIFT, UNSIGNED = 0x7F, 0x80, 63, (1 << 64) - 1
FIRST, SECOND = 1 << 3 | LENGTH, 2 << 3 | LENGTH
"""Tags of the first and the second field of messages that hold messages."""

KEYS = {name.encode(): known for name, known in NAMES.items()}
TRUNCATED = "the body ends within a field"


def fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, then value and where the field ends, or for other than varints where its bytes begin and end.

    Raises UndecodableError, and IndexError where a number goes on behind the last byte.
    """
    while at < end:
        tag = data[at]
        at += 1
        if tag > SEVEN:
            tag, at = varint(data, at - 1)
        kind = tag & 7
        if kind == VARINT:
            value = data[at]
            at += 1
            if value > SEVEN:
                value, at = varint(data, at - 1)
            yield tag, value, at
            continue
        if kind == LENGTH:
            size = data[at]
            at += 1
            if size > SEVEN:
                size, at = varint(data, at - 1)
        else:
            size = _size(kind)
        begin, at = at, at + size
        if at > end:
            break
        yield tag, begin, at
    if at != end:
        raise UndecodableError(TRUNCATED)


def _size(kind: int) -> int:
    if kind not in SIZES:
        raise UndecodableError(f"wire type {kind} is none of protobuf 3")
    return SIZES[kind]


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
    """Those whose names are used; of the others no more than the name is read, where it comes first as everywhere."""
    found: dict[str, AttributeValue] = {}
    for at, end in within:
        if end - at > 1 and data[at] == FIRST and (size := data[at + 1]) <= SEVEN:
            key = KEYS.get(data[at + 2 : at + 2 + size])
            if key is None:
                continue
            at += 2 + size  # noqa: PLW2901 - the rest of the attribute
            if end - at > 1 and data[at] == SECOND and data[at + 1] == end - at - 2:
                value = _value(data, at + 2, end)
                if value is not None:
                    found[key] = value
                continue
            key, value = _attribute(data, at, end, key)
        else:
            key, value = _attribute(data, at, end)
        if key and value is not None:
            found[key] = value
    return found


def _attribute(data: bytes, at: int, end: int, key: str = "") -> tuple[str, AttributeValue | None]:
    value = None
    for tag, begin, stop in fields(data, at, end):
        if tag == FIRST:
            key = KEYS.get(data[begin:stop], "")
        elif tag == SECOND:
            value = _value(data, begin, stop)
    return key, value


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
