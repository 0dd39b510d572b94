"""An amount is cut over time, exact to the byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.clock import SECOND
from exporter.metering.clock_repair import Realign
from exporter.metering.counters.readings import Counts
from exporter.metering.spreading import SLOT_SECONDS, moved_back, spread

AMOUNTS = st.integers(0, 2**60)
COUNTS = st.builds(Counts, *[AMOUNTS] * 8)


@given(COUNTS, st.integers(0, 2**31 * SECOND), st.integers(0, 3 * 86400 * SECOND), st.sampled_from([60, 900]))
def test_pieces_sum_exactly_are_never_negative_and_lie_within(
    counts: Counts, began: int, length: int, step: int
) -> None:
    ended = began + length

    pieces = list(spread(counts, began, ended, step))

    assert Counts(*map(sum, zip(*(piece.amounts for piece in pieces), strict=True)) if pieces else ()) == counts
    assert all(value >= 0 for piece in pieces for value in piece.amounts)
    assert all(piece.start % step == 0 for piece in pieces)
    assert all(began < (piece.start + step) * SECOND for piece in pieces)
    assert all(piece.start * SECOND < max(ended, began + 1) for piece in pieces)


def test_two_hours_are_spread_by_time() -> None:
    began, ended = 450 * SECOND, (450 + 3600) * SECOND

    pieces = {start: amounts[0] for start, amounts in spread(Counts(3600), began, ended, SLOT_SECONDS)}

    assert pieces == {0: 450, 900: 900, 1800: 900, 2700: 900, 3600: 450}


def test_an_end_on_a_boundary_belongs_to_the_step_before() -> None:
    assert [start for start, _ in spread(Counts(10), 899 * SECOND, 900 * SECOND, SLOT_SECONDS)] == [0]


@given(st.integers(0, 2**31), st.integers(0, 2**31), st.integers(0, 10**7), st.sampled_from([1, 60, 900]))
def test_what_is_moved_back_is_never_later_than_the_clock(start: int, after: int, seconds: int, step: int) -> None:
    start -= start % step

    moved = moved_back(start, Realign(after, seconds), step)

    assert moved <= after
    assert moved % step == 0
    assert moved == start or start > after - after % step
