"""Two readings become a delta."""

from __future__ import annotations

import pytest

from exporter.metering.counters.differences import Delta, difference, doubt, first_sight, last_difference, reach
from exporter.metering.counters.readings import NOTHING, Counts

GIGABIT = 125_000_000
TURN = 2**32


def counts(receive: int, transmit: int = 0) -> Counts:
    """Bytes alone."""
    return Counts(receive, transmit)


def differ(before: Counts, after: Counts, *, bits: int = 64, speed: int | None = GIGABIT, seconds: float = 1) -> Delta:
    return difference(before, after, counter_bits=bits, speed=speed, seconds=seconds)


@pytest.mark.parametrize(
    ("before", "after", "bits", "seconds", "gained", "cause"),
    [
        (counts(100, 50), counts(100, 50), 64, 1, (0, 0), "growth"),
        (counts(100, 50), counts(300, 51), 64, 1, (200, 1), "growth"),
        (counts(100, 50), counts(10**12, 50), 64, 3600, (10**12 - 100, 0), "growth"),
        (counts(TURN - 100), counts(50), 32, 1, (150, 0), "wrap"),
        (counts(TURN - 100), counts(50), 64, 1, (50, 0), "reset"),
        (counts(TURN + 100), counts(50), 32, 1, (50, 0), "reset"),
        (counts(1000, 700), counts(50, 70), 64, 1, (50, 70), "reset"),
        (counts(1000, 700), counts(50, 900), 64, 1, (50, 200), "reset"),
        (counts(1000, TURN - 10), counts(1200, 20), 32, 1, (200, 30), "wrap"),
        (counts(3 * 10**9), counts(50), 32, 1, (50, 0), "reset"),
        (counts(3 * 10**9), counts(50), 32, 100, (TURN - 3 * 10**9 + 50, 0), "wrap"),
    ],
    ids=[
        "nothing moved",
        "both grow",
        "a terabyte in a gap",
        "32 bits wrap",
        "64 bits never wrap",
        "a counter above 32 bits was never narrow",
        "both fall: the new values count whole",
        "one falls, the other grows",
        "only one direction wraps",
        "a wrap that the link cannot have moved is a reset",
        "the same step after a longer time is a wrap",
    ],
)
def test_each_direction_is_differenced_by_itself(
    before: Counts, after: Counts, bits: int, seconds: float, gained: tuple[int, int], cause: str
) -> None:
    delta = differ(before, after, bits=bits, seconds=seconds)

    assert (delta.counts.receive_bytes, delta.counts.transmit_bytes) == gained
    assert delta.cause == cause
    assert delta.discarded == (0, 0)


def test_a_reset_to_more_than_the_link_can_move_is_discarded_loudly() -> None:
    delta = differ(counts(10**12, 5), counts(10**10, 6), speed=GIGABIT, seconds=1)

    assert delta == Delta(Counts(0, 1, 0, 0), "impossible", (10**10, 0))


def test_growth_that_no_interface_can_move_is_discarded_loudly() -> None:
    delta = differ(counts(0, 0), counts(10**15, 7), seconds=1)

    assert delta == Delta(counts(0, 7), "impossible", (10**15, 0))


def test_packets_that_begin_anew_take_no_byte_with_them() -> None:
    before, after = Counts(5 * 10**9, 0, 4_000_000), Counts(5 * 10**9 + 700, 0, 3)

    assert differ(before, after) == Delta(Counts(700, 0, 3), "growth")


def test_packets_that_no_interface_can_move_take_no_byte_with_them() -> None:
    delta = differ(Counts(5, 5, 1, 1), Counts(7, 8, 10**15, 2), seconds=1)

    assert delta == Delta(Counts(2, 3, 0, 1), "impossible")


def test_a_stalled_sample_of_ten_gigabit_counts_every_byte() -> None:
    moved = 5 * 1_250_000_000

    delta = differ(counts(10), counts(10 + moved, moved), speed=None, seconds=5)

    assert delta.counts.bytes == 2 * moved


def test_errors_and_drops_that_fall_take_no_byte_with_them() -> None:
    before, after = Counts(100, 100, 1, 1, 9, 9, 9, 9), Counts(150, 160, 2, 2, 1, 9, 0, 12)

    delta = differ(before, after)

    assert delta.counts == Counts(50, 60, 1, 1, 1, 0, 0, 3)
    assert delta.cause == "growth"


def test_packets_of_32_bits_wrap_beside_bytes_that_rise() -> None:
    before, after = Counts(5000, 0, TURN - 2, 0), Counts(9000, 0, 3, 0)

    assert differ(before, after, bits=32).counts == Counts(4000, 0, 5, 0)


@pytest.mark.parametrize(
    ("before", "after", "bits", "gained"),
    [
        (counts(500, 100), counts(0, 130), 64, (0, 30)),
        (counts(500, 100), counts(30, 130), 64, (0, 30)),
        (counts(TURN - 100, 100), counts(50, 130), 32, (150, 30)),
        (counts(TURN - 100, 100), counts(50, 130), 64, (0, 30)),
        (counts(TURN - 100, TURN - 9), counts(50, 1), 32, (150, 10)),
        (counts(TURN - 100, 100), counts(0, 130), 32, (0, 30)),
        (Counts(TURN - 100, 0, 7), Counts(0, 0, 8), 32, (100, 0)),
        (Counts(TURN - 100, 0, 7), Counts(0, 0, 0), 32, (0, 0)),
        (counts(3 * 10**9, 100), counts(50, 130), 32, (0, 30)),
    ],
    ids=[
        "an end at 0",
        "an end at less",
        "32 bits wrap",
        "64 bits never wrap",
        "both wrap",
        "one near its wrap ends at 0",
        "a wrap to 0 exactly",
        "no packet either: an end",
        "a wrap that the link cannot have moved",
    ],
)
def test_a_last_reading_that_falls_has_wrapped_or_adds_nothing(
    before: Counts, after: Counts, bits: int, gained: tuple[int, int]
) -> None:
    delta = last_difference(before, after, counter_bits=bits, speed=GIGABIT, seconds=1)

    assert (delta.counts.receive_bytes, delta.counts.transmit_bytes) == gained
    assert delta.discarded == (0, 0)


def test_a_direction_that_stands_still_adds_nothing_while_the_other_falls() -> None:
    delta = differ(counts(1000, 700), counts(1000, 50))

    assert (delta.counts.receive_bytes, delta.counts.transmit_bytes) == (0, 50)


def test_a_narrow_counter_near_its_wrap_that_shows_nothing_began_anew() -> None:
    assert differ(counts(TURN - 100), NOTHING, bits=32) == Delta(NOTHING, "reset")


@pytest.mark.parametrize(
    ("speed", "seconds", "gained", "cause"),
    [
        (12_500_000, 1, 0, "baseline"),
        (1_250_000_000, 1, 50_000_000, "new"),
        (None, 1, 50_000_000, "new"),
        (12_500_000, 3600, 50_000_000, "new"),
    ],
    ids=["100 Mbit/s, a second", "10 Gbit/s, a second", "unknown speed", "100 Mbit/s, an hour"],
)
def test_a_counter_of_50_mb_counts_if_its_link_can_have_moved_it(
    speed: int | None, seconds: float, gained: int, cause: str
) -> None:
    delta = first_sight(counts(50_000_000), speed=speed, seconds=seconds)

    assert (delta.counts.receive_bytes, delta.cause) == (gained, cause)


def test_what_a_link_can_just_have_moved_is_new() -> None:
    assert first_sight(counts(GIGABIT), speed=GIGABIT, seconds=1) == Delta(counts(GIGABIT), "new")
    assert first_sight(counts(GIGABIT + 1), speed=GIGABIT, seconds=1) == Delta(NOTHING, "baseline")


@pytest.mark.parametrize(
    ("before", "after", "seconds", "is_gap", "is_in_doubt"),
    [
        (Counts(0, 0, 0, 0), Counts(5_000_000, 0, 8_600_000, 0), 3600, True, True),
        (Counts(0, 0, 0, 0), Counts(5_000_000, 0, 5_000, 0), 3600, True, False),
        (Counts(0, 0, 0, 0), Counts(5_000_000, 0, 8_600_000, 0), 30, True, False),
        (Counts(TURN - 100, 0, 4_000_000, 0), Counts(50, 0, 4_000_001, 0), 1, False, False),
        (Counts(TURN - 100, 0, 4_000_000, 0), Counts(50, 0, 4_000_001, 0), 3600, True, False),
        (Counts(TURN - 100, 0, TURN - 2, 0), Counts(50, 0, 1, 0), 1, False, True),
        (Counts(3 * 10**9, 0, 100, 0), Counts(10**9, 0, 10_000, 0), 40, True, True),
        (Counts(0, 3 * 10**9, 0, 3_000_000), Counts(0, 10**9, 0, 1_000_000), 10, False, False),
        (Counts(TURN, 0), Counts(TURN + 5, 0, 10**9, 0), 3600, True, False),
        (Counts(TURN - 100, 0, 9, 0), NOTHING, 3600, True, False),
    ],
    ids=[
        "a growth that may hide turns",
        "too few packets for a turn",
        "too little time for a turn",
        "a turn while somebody looks",
        "a turn with packets of far more bytes",
        "both turn, or begin anew",
        "a turn in a gap, or begun anew and grown since",
        "a reset: the link cannot have moved a turn",
        "wider than 32 bits",
        "nothing shown: a reset",
    ],
)
def test_a_narrow_step_that_could_be_another_is_in_doubt(
    before: Counts, after: Counts, seconds: float, *, is_gap: bool, is_in_doubt: bool
) -> None:
    assert bool(doubt(before, after, speed=GIGABIT, seconds=seconds, is_gap=is_gap)) == is_in_doubt


def test_no_time_moves_nothing() -> None:
    assert reach(GIGABIT, -1) == 0
