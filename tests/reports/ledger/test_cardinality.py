"""Sketches of different things: within their error, whatever the order of merging."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.ledger.cardinality import MOST_EXACT, Distinct, keyed_hash, merged_distinct, readable

HASHES = st.sets(st.integers(0, 2**32 - 1), max_size=600)
SKETCHES = HASHES.map(lambda hashes: sketch_of(hashes).encoded())
KEY = b"key of a test"


def sketch_of(hashes: set[int]) -> Distinct:
    distinct = Distinct()
    distinct.update(hashes)
    return distinct


def random_hashes(count: int, seed: int = 1) -> set[int]:
    chosen = random.Random(seed)  # noqa: S311 - a test's own numbers
    return {chosen.getrandbits(32) for _ in range(count)}


@pytest.mark.parametrize("count", [0, 1, 4, 100, MOST_EXACT])
def test_few_are_counted_exactly(count: int) -> None:
    clients = {keyed_hash(f"192.0.2.{number}", KEY) for number in range(count)}

    assert sketch_of(clients).estimate() == count
    assert Distinct(sketch_of(clients).encoded()).estimate() == count


@pytest.mark.parametrize("count", [257, 300, 1_000, 3_000, 10_000, 30_000, 41_000, 100_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_are_counted_within_three_percent(count: int, seed: int) -> None:
    hashes = random_hashes(count, seed)

    assert sketch_of(hashes).estimate() == pytest.approx(len(hashes), rel=0.03)


def test_the_error_is_as_small_as_the_estimator_promises() -> None:
    errors = []
    for seed in range(30):
        hashes = random_hashes(10_000, seed)
        errors.append(sketch_of(hashes).estimate() / len(hashes) - 1)

    assert abs(sum(errors) / 30) < 0.005
    assert (sum(error * error for error in errors) / 30) ** 0.5 < 0.0125


@given(HASHES, HASHES)
def test_merging_is_as_if_all_had_been_added_to_one(first: set[int], second: set[int]) -> None:
    together = merged_distinct([sketch_of(first).encoded(), sketch_of(second).encoded()])

    assert together.encoded() == sketch_of(first | second).encoded()


@given(SKETCHES, SKETCHES, SKETCHES)
def test_the_order_and_repeats_do_not_matter(first: bytes, second: bytes, third: bytes) -> None:
    whole = merged_distinct([first, second, third]).encoded()

    assert merged_distinct([third, first, second]).encoded() == whole
    assert merged_distinct([first, first, second, third, whole]).encoded() == whole
    assert merged_distinct([first]).encoded() == first


def test_a_coarse_sketch_holds_no_hash_and_estimates_the_same() -> None:
    distinct = sketch_of(random_hashes(200))

    distinct.coarsen()

    assert not distinct.is_exact
    assert distinct.estimate() == pytest.approx(200, abs=4)


def test_the_key_decides_the_hash() -> None:
    assert keyed_hash("192.0.2.1", b"one") != keyed_hash("192.0.2.1", b"another")
    assert keyed_hash("192.0.2.1", b"one") == keyed_hash("192.0.2.1", b"one")


@pytest.mark.parametrize(
    "damaged",
    [
        b"\x00",
        b"\x01abc",
        b"\x02",
        b"\x02damaged",
        b"\x02" + zlib.compress(b"\x00" * 100),
        b"\x02" + zlib.compress(b"\x00" * 20_000_000),
        b"\x02" + zlib.compress(b"\xff" * 16_384),
        b"\x02" + zlib.compress(b"\x01" * 16_384)[:-3],
    ],
)
def test_damaged_bytes_are_recognized_and_count_as_nothing(damaged: bytes) -> None:
    with pytest.raises(ValueError, match=r"sketch"):
        Distinct(damaged)
    assert readable(damaged).estimate() == 0
