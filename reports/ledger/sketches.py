"""Sketches of distributions: counts by logarithmic bucket, as bytes that a ledger holds and merges.

A value v lies in bucket ceil(log(v, BASE)); the relative error of a quantile is (BASE - 1) / (BASE + 1), 0.99 %
(Masson, Rim, Lee: DDSketch, VLDB 2019). Bytes are pairs of unsigned LEB128 numbers in the order of buckets: the
distance to the bucket before (the first: zigzag), and the count.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = 1.02
EMPTY = b""
_SEVEN = 0x7F
_MORE = 0x80
_SHORT = 2
"""Bytes of the first bucket of all times from a microsecond to weeks."""


def bucket_of(value: float) -> int:
    """The bucket of a value above 0."""
    return math.ceil(math.log(value, BASE))


def value_of(bucket: int) -> float:
    """The value that stands for a bucket."""
    return 2 * BASE**bucket / (BASE + 1)


def encoded(counts: Mapping[int, int]) -> bytes:
    """Counts by bucket as bytes; buckets without a count are left out."""
    out = bytearray()
    last: int | None = None
    for bucket in sorted(counts):
        count = counts[bucket]
        if not count:
            continue
        step = (bucket << 1) ^ (bucket >> 63) if last is None else bucket - last
        last = bucket
        for number in (step, count):
            rest = number
            while rest > _SEVEN:
                out.append(rest & _SEVEN | _MORE)
                rest >>= 7
            out.append(rest)
    return bytes(out)


def decoded(sketch: bytes) -> dict[int, int]:
    """Counts by bucket; raises ValueError on bytes that are no sketch.

    Where all numbers after the first are of one byte, as in sketches of a few thousand values, no loop is needed.
    """
    length = next((place for place, byte in enumerate(sketch, 1) if byte <= _SEVEN), 0)
    rest = sketch[length:]
    steps = rest[1::2]
    if 0 < length <= _SHORT and len(rest) % 2 and rest.isascii() and 0 not in steps:
        number = sketch[0] & _SEVEN | (sketch[1] << 7 if length == _SHORT else 0)
        first = (number >> 1) ^ -(number & 1)
        return dict(zip(accumulate(steps, initial=first), rest[::2], strict=True))
    counts: dict[int, int] = {}
    add_up(counts, sketch)
    return counts


def add_up(counts: dict[int, int], sketch: bytes) -> None:
    """Add a sketch to counts by bucket; raises ValueError on bytes that are no sketch."""
    number = shift = bucket = 0
    is_first, is_count = True, False
    for byte in sketch:
        if byte > _SEVEN:
            number |= (byte & _SEVEN) << shift
            shift += 7
            continue
        number |= byte << shift
        if is_count:
            counts[bucket] = counts.get(bucket, 0) + number
        elif is_first:
            bucket, is_first = (number >> 1) ^ -(number & 1), False
        else:
            bucket += number
        number = shift = 0
        is_count = not is_count
    if shift:
        raise ValueError("a sketch ends within a number")
    if is_count:
        raise ValueError("a sketch holds pairs of numbers")


def merged(first: bytes, second: bytes) -> bytes:
    """Both together: no count is lost, and the order does not matter."""
    if not first or not second:
        return first or second
    counts = decoded(first)
    add_up(counts, second)
    return encoded(counts)


def subtracted(whole: bytes, part: bytes) -> bytes:
    """The whole without a part of it; a count never falls below 0."""
    if not part:
        return whole
    counts = decoded(whole)
    for bucket, count in decoded(part).items():
        counts[bucket] = max(counts.get(bucket, 0) - count, 0)
    return encoded(counts)


def quantile(sketch: bytes, share: float) -> float | None:
    """The value below which this share (0 to 1) of all values lies; None of an empty sketch."""
    counts = decoded(sketch)
    rank = share * (sum(counts.values()) - 1)
    passed = 0
    for bucket in sorted(counts):
        passed += counts[bucket]
        if passed > rank:
            return value_of(bucket)
    return None
