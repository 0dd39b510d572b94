"""Sketches: what is merged is kept, whatever the order."""

from __future__ import annotations

import math
import random
import zlib
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.ledger.sketches import (
    EMPTY,
    SumOfSketches,
    bucket_of,
    decoded,
    encoded,
    merged,
    quantiles,
    subtracted,
    summed,
)

COUNTS = st.dictionaries(st.integers(-700, 700), st.integers(1, 2**40), max_size=30)
WIDE_COUNTS = st.dictionaries(st.integers(-9_000, 9_000), st.integers(1, 300), min_size=12, max_size=60)
SKETCHES = COUNTS.map(encoded)


@given(COUNTS)
def test_a_sketch_holds_every_count(counts: dict[int, int]) -> None:
    assert decoded(encoded(counts)) == counts


@pytest.mark.parametrize("most", [1, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1, 2**64])
@pytest.mark.parametrize("buckets", [1, 13, 14, 300])
def test_a_count_may_be_as_large_as_it_likes(most: int, buckets: int) -> None:
    counts = {bucket: 1 + bucket % 3 for bucket in range(400, 400 + buckets)} | {399: most}

    assert decoded(encoded(counts)) == counts


@given(st.binary(max_size=40), st.integers(0, 30), st.integers(0, 255))
def test_damaged_bytes_are_refused_or_hold_counts(garbage: bytes, place: int, byte: int) -> None:
    sketch = bytearray(encoded({bucket: bucket % 5 + 1 for bucket in range(600, 640)}))
    sketch[place % len(sketch)] = byte
    for damaged in (garbage, bytes(sketch), bytes(sketch[:place])):
        together = SumOfSketches()
        try:
            counts = decoded(damaged)
        except ValueError:
            with pytest.raises(ValueError, match="a sketch"):
                together.add(damaged)
        else:
            together.add(damaged)
            assert +Counter(together.counts()) == +Counter(counts)


def test_bytes_that_inflate_without_end_are_refused() -> None:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -9, 1)
    bomb = b"\x01" + deflate.compress(bytes(10**7)) + deflate.flush()

    with pytest.raises(ValueError, match="a sketch"):
        decoded(bomb)


@given(st.lists(COUNTS | WIDE_COUNTS, max_size=5))
def test_many_sketches_hold_together_what_each_holds(counts: list[dict[int, int]]) -> None:
    whole = sum((Counter(each) for each in counts), Counter[int]())

    assert decoded(summed(map(encoded, counts))) == whole
    assert summed(map(encoded, counts)) == encoded(whole)


def test_a_thousand_times_take_few_bytes() -> None:
    chance = random.Random(1)  # noqa: S311 - the same figures every time
    counts = Counter(bucket_of(20_000 * chance.lognormvariate(0, 1)) for _ in range(1000))

    assert len(encoded(counts)) < 200


@given(SKETCHES, SKETCHES, SKETCHES)
def test_the_order_of_merging_does_not_matter(first: bytes, second: bytes, third: bytes) -> None:
    assert merged(first, second) == merged(second, first)
    assert merged(merged(first, second), third) == merged(first, merged(second, third))
    assert merged(first, EMPTY) == first


@given(SKETCHES, SKETCHES)
def test_merging_loses_no_count(first: bytes, second: bytes) -> None:
    together = sum(decoded(merged(first, second)).values())

    assert together == sum(decoded(first).values()) + sum(decoded(second).values())


@given(SKETCHES, SKETCHES)
def test_what_was_merged_can_be_taken_out_again(first: bytes, second: bytes) -> None:
    assert subtracted(merged(first, second), second) == first


@given(SKETCHES, SKETCHES)
def test_no_count_falls_below_zero(first: bytes, second: bytes) -> None:
    left = decoded(subtracted(first, second))

    assert all(count > 0 for count in left.values())
    assert left.keys() <= decoded(first).keys()


def counts_of(values: list[float]) -> Counter[int]:
    return Counter(map(bucket_of, values))


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=200), st.integers(1, 100))
def test_a_quantile_is_of_the_nearest_rank_and_within_two_percent(values: list[float], percent: int) -> None:
    (found,) = quantiles(counts_of(values), (percent,))

    exact = sorted(values)[math.ceil(Fraction(percent, 100) * len(values)) - 1]
    assert abs(found - exact) <= exact * 0.0200


def test_the_last_percentile_of_few_values_is_the_largest() -> None:
    found = quantiles(counts_of([10, 20, 30, 4000]), (50, 75, 95, 99))

    assert found == [pytest.approx(value, rel=0.02) for value in (20, 30, 4000, 4000)]


def test_no_counts_have_no_quantile() -> None:
    assert quantiles({}, (50, 99)) == quantiles({7: 0}, (50, 99)) == []


@pytest.mark.parametrize("broken", [b"\x80", b"\x01", b"\x01\x02\x03"])
def test_bytes_that_are_no_sketch_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="a sketch"):
        decoded(broken)
