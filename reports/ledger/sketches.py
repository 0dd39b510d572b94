"""Sketches of distributions: counts by logarithmic bucket, as bytes that a ledger holds and merges.

A value v lies in bucket ceil(log(v, BASE)); the relative error of a quantile is (BASE - 1) / (BASE + 1), 0.99 %
(Masson, Rim, Lee: DDSketch, VLDB 2019). Bytes are pairs of unsigned LEB128 numbers in the order of buckets: the
distance to the bucket before (the first: zigzag), and the count.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BASE = 1.02
EMPTY = b""
_SEVEN = 0x7F
_MORE = 0x80


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
    for bucket in sorted(bucket for bucket, count in counts.items() if count):
        _append(out, (bucket << 1) ^ (bucket >> 63) if last is None else bucket - last)
        _append(out, counts[bucket])
        last = bucket
    return bytes(out)


def decoded(sketch: bytes) -> dict[int, int]:
    """Counts by bucket; raises ValueError on bytes that are no sketch."""
    numbers = list(_numbers(sketch))
    if len(numbers) % 2:
        raise ValueError("a sketch holds pairs of numbers")
    counts: dict[int, int] = {}
    bucket = 0
    for place in range(0, len(numbers), 2):
        step = numbers[place]
        bucket = (step >> 1) ^ -(step & 1) if place == 0 else bucket + step
        counts[bucket] = counts.get(bucket, 0) + numbers[place + 1]
    return counts


def merged(first: bytes, second: bytes) -> bytes:
    """Both together: no count is lost, and the order does not matter."""
    if not first or not second:
        return first or second
    counts = decoded(first)
    for bucket, count in decoded(second).items():
        counts[bucket] = counts.get(bucket, 0) + count
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


def _append(out: bytearray, number: int) -> None:
    while number > _SEVEN:
        out.append(number & _SEVEN | _MORE)
        number >>= 7
    out.append(number)


def _numbers(sketch: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in sketch:
        number |= (byte & _SEVEN) << shift
        shift += 7
        if not byte & _MORE:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("a sketch ends within a number")
