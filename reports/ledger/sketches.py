"""Sketches of distributions: counts by logarithmic bucket, as bytes that a ledger holds and merges.

A value v lies in bucket ceil(log(v, BASE)); the relative error of a quantile is (BASE - 1) / (BASE + 1), 0.99 %
(Masson, Rim, Lee: DDSketch, VLDB 2019). Bytes begin with an unsigned LEB128 number: the first bucket (zigzag) times
eight, and a form. Few counts are pairs of such numbers, without the first bucket: a count, and the distance to the next
bucket. Of more, there is a count for every bucket until the last, of 1, 2, 4 or 8 bytes each, little endian, deflated
(RFC 1951): a thousand times take 170 bytes, and 450 as pairs.
"""

from __future__ import annotations

import math
import struct
import zlib
from bisect import bisect_left
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BASE = 1.02
EMPTY = b""
_SEVEN = 0x7F
_MORE = 0x80
_FORM_BITS, _FORMS, _PAIRS = 3, 7, 0
_WIDTHS = {1: "B", 2: "H", 3: "I", 4: "Q"}
"""How wide counts are by form, as struct calls it; those beyond the widest are pairs."""
_MOST = 2**64 - 1
_FEW, _LONGEST = 14, 8_192
"""Fewer buckets take fewer bytes as pairs; those further apart than there are microseconds in an age are pairs, too."""
_SHORT = 64
"""Bytes of sketches that are mostly pairs, which merge faster by bucket."""
_WINDOW, _MEMORY = -9, 1
"""As small as zlib has them: others take longer to be made than to deflate."""


def bucket_of(value: float) -> int:
    """The bucket of a value above 0."""
    return math.ceil(math.log(value, BASE))


def value_of(bucket: int) -> float:
    """The value that stands for a bucket."""
    return 2 * BASE**bucket / (BASE + 1)


def encoded(counts: Mapping[int, int]) -> bytes:
    """Counts by bucket as bytes; buckets without a count are left out."""
    held = sorted(bucket for bucket, count in counts.items() if count)
    if not held:
        return EMPTY
    first, last = held[0], held[-1]
    if len(held) < _FEW or last - first >= _LONGEST or max(counts.values()) > _MOST:
        return _as_pairs(held, counts)
    return _deflated(first, [counts.get(bucket, 0) for bucket in range(first, last + 1)])


def decoded(sketch: bytes) -> dict[int, int]:
    """Counts by bucket; raises ValueError on bytes that are no sketch."""
    if not sketch:
        return {}
    first, form, body = _parts(sketch)
    if form == _PAIRS:
        return _of_pairs(first, body)
    return {bucket: count for bucket, count in enumerate(_inflated(body, form), first) if count}


class SumOfSketches:
    """What any number of sketches hold together; adding one takes half the time of adding its counts by bucket."""

    def __init__(self) -> None:
        """Begin empty."""
        self._counts: dict[int, int] = {}
        self._first, self._values = 0, list[int]()

    def add(self, sketch: bytes) -> None:
        """Add one; raises ValueError on bytes that are no sketch, and adds nothing."""
        if not sketch:
            return
        first, form, body = _parts(sketch)
        if form == _PAIRS:
            _add_up(self._counts, _of_pairs(first, body))
            return
        values = _inflated(body, form)
        if not self._values:
            self._first, self._values = first, [*values]
        elif abs(first - self._first) >= _LONGEST:
            _add_up(self._counts, dict(enumerate(values, first)))
        else:
            self._widen(first, first + len(values))
            place = first - self._first
            part = slice(place, place + len(values))
            self._values[part] = map(add, self._values[part], values)

    def counts(self) -> dict[int, int]:
        """Counts by bucket."""
        counts = {bucket: count for bucket, count in enumerate(self._values, self._first) if count}
        _add_up(counts, self._counts)
        return counts

    def encoded(self) -> bytes:
        """All of it as bytes; nearly always without a dictionary."""
        values, first = self._values, self._first
        outside = [bucket for bucket in self._counts if not 0 <= bucket - first < len(values)]
        if not values or outside or not values[0] or not values[-1] or len(values) > _LONGEST:
            return encoded(self.counts())
        values = [*values]
        for bucket, count in self._counts.items():
            values[bucket - first] += count
        return _deflated(first, values) if max(values) <= _MOST else encoded(self.counts())

    def _widen(self, first: int, end: int) -> None:
        """Have values from a bucket on, and until another."""
        if first < self._first:
            self._values[:0] = [0] * (self._first - first)
            self._first = first
        missing = end - self._first - len(self._values)
        if missing > 0:
            self._values += [0] * missing


def summed(sketches: Iterable[bytes]) -> bytes:
    """All together: no count is lost, and the order does not matter."""
    found = SumOfSketches()
    for sketch in sketches:
        found.add(sketch)
    return found.encoded()


def merged(first: bytes, second: bytes) -> bytes:
    """Both together: no count is lost, and the order does not matter."""
    if not first or not second:
        return first or second
    if len(first) + len(second) >= _SHORT:
        return summed((first, second))
    counts = decoded(first)
    _add_up(counts, decoded(second))
    return encoded(counts)


def subtracted(whole: bytes, part: bytes) -> bytes:
    """The whole without a part of it; a count never falls below 0."""
    if not part:
        return whole
    counts = decoded(whole)
    for bucket, count in decoded(part).items():
        counts[bucket] = max(counts.get(bucket, 0) - count, 0)
    return encoded(counts)


def quantiles(counts: Mapping[int, int], percents: Sequence[int]) -> list[float]:
    """The value of each percentile, by nearest rank: the least that so many percent of all values do not exceed.

    Of four values, p99 is the largest. Nothing of no counts.
    """
    buckets = sorted(bucket for bucket, count in counts.items() if count)
    passed = list(accumulate(map(counts.__getitem__, buckets)))
    if not passed:
        return []
    ranks = (max(-(-percent * passed[-1] // 100), 1) for percent in percents)
    return [value_of(buckets[bisect_left(passed, rank)]) for rank in ranks]


def _parts(sketch: bytes) -> tuple[int, int, bytes]:
    """The first bucket, the form, and the rest."""
    length = next((place for place, byte in enumerate(sketch, 1) if byte <= _SEVEN), 0)
    if not length:
        raise ValueError("a sketch ends within a number")
    (head,) = _numbers(sketch[:length])
    zigzag = head >> _FORM_BITS
    return (zigzag >> 1) ^ -(zigzag & 1), head & _FORMS, sketch[length:]


def _head(first: int, form: int) -> int:
    return (first << 1 if first >= 0 else ~(first << 1)) << _FORM_BITS | form


def _deflated(first: int, values: Sequence[int]) -> bytes:
    most = max(values)
    form = next(form for form, width in _WIDTHS.items() if most >> 8 * struct.calcsize(f"<{width}") == 0)
    deflate = zlib.compressobj(zlib.Z_BEST_COMPRESSION, zlib.DEFLATED, _WINDOW, _MEMORY)
    body = deflate.compress(struct.pack(f"<{len(values)}{_WIDTHS[form]}", *values))
    return _as_numbers((_head(first, form),)) + body + deflate.flush()


def _add_up(counts: dict[int, int], more: Mapping[int, int]) -> None:
    for bucket, count in more.items():
        if count:
            counts[bucket] = counts.get(bucket, 0) + count


def _as_pairs(buckets: Sequence[int], counts: Mapping[int, int]) -> bytes:
    last = buckets[0]
    numbers = [_head(last, _PAIRS), counts[last]]
    for bucket in buckets[1:]:
        numbers += (bucket - last, counts[bucket])
        last = bucket
    return _as_numbers(numbers)


def _of_pairs(first: int, body: bytes) -> dict[int, int]:
    numbers = [*body] if body.isascii() else [*_numbers(body)]
    if len(numbers) % 2 == 0:
        raise ValueError("a sketch of pairs ends with a count")
    buckets = accumulate(numbers[1::2], initial=first)
    counts = dict(zip(buckets, numbers[::2], strict=True))
    if len(counts) != len(numbers) // 2 + 1:
        raise ValueError("a sketch has each bucket once")
    return counts


def _inflated(body: bytes, form: int) -> tuple[int, ...]:
    """Counts of all buckets; no more than there may be, whatever damaged bytes say."""
    if form not in _WIDTHS:
        raise ValueError("a sketch has one of five forms")
    inflate, width = zlib.decompressobj(_WINDOW), struct.calcsize(f"<{_WIDTHS[form]}")
    try:
        values = inflate.decompress(body, _LONGEST * width)
    except zlib.error:
        raise ValueError("a sketch is deflated") from None
    if not inflate.eof or inflate.unused_data or len(values) % width:
        raise ValueError("a sketch ends with the count of a bucket")
    return struct.unpack(f"<{len(values) // width}{_WIDTHS[form]}", values)


def _as_numbers(numbers: Iterable[int]) -> bytes:
    out = bytearray()
    for number in numbers:
        rest = number
        while rest > _SEVEN:
            out.append(rest & _SEVEN | _MORE)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def _numbers(sketch: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in sketch:
        number |= (byte & _SEVEN) << shift
        if byte > _SEVEN:
            shift += 7
        else:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("a sketch ends within a number")
