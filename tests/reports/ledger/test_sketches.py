"""Sketches: what is merged is kept, whatever the order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.ledger.sketches import EMPTY, add_up, bucket_of, decoded, encoded, merged, quantile, subtracted

COUNTS = st.dictionaries(st.integers(-700, 700), st.integers(1, 2**40), max_size=30)
SKETCHES = COUNTS.map(encoded)


@given(COUNTS)
def test_a_sketch_holds_every_count(counts: dict[int, int]) -> None:
    assert decoded(encoded(counts)) == counts


@given(st.binary(max_size=12) | st.lists(st.integers(0, 127), max_size=12).map(bytes))
def test_bytes_are_read_alike_with_and_without_a_loop(sketch: bytes) -> None:
    counts: dict[int, int] = {}
    try:
        add_up(counts, sketch)
    except ValueError:
        with pytest.raises(ValueError, match="a sketch"):
            decoded(sketch)
    else:
        assert decoded(sketch) == counts


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


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_is_within_two_percent(values: list[float], share: float) -> None:
    counts: dict[int, int] = {}
    for value in values:
        counts[bucket_of(value)] = counts.get(bucket_of(value), 0) + 1

    found = quantile(encoded(counts), share)

    exact = sorted(values)[int(share * (len(values) - 1))]
    assert found is not None
    assert abs(found - exact) <= exact * 0.0200


def test_an_empty_sketch_has_no_quantile() -> None:
    assert quantile(EMPTY, 0.5) is None


@pytest.mark.parametrize("broken", [b"\x80", b"\x01", b"\x01\x02\x03"])
def test_bytes_that_are_no_sketch_are_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="a sketch"):
        decoded(broken)
