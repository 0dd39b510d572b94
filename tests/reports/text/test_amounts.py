from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.text.amounts import (
    human_binary,
    human_bits,
    human_bytes,
    human_count,
    human_duration,
    human_rate,
    mbps,
)

if TYPE_CHECKING:
    from collections.abc import Callable

EXPONENTS = {"B": 0, "kB": 1, "MB": 2, "GB": 3, "TB": 4, "PB": 5, "EB": 6}


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (1_004, "1.00 kB"),
        (1_005, "1.01 kB"),
        (524_288, "524.29 kB"),
        (999_994, "999.99 kB"),
        (999_995, "1.00 MB"),
        (999_999, "1.00 MB"),
        (1_000_000, "1.00 MB"),
        (1_380_000, "1.38 MB"),
        (26_843_545_600, "26.84 GB"),
        (2_540_000_000_000, "2.54 TB"),
        (999_994_999_999_999, "999.99 TB"),
        (999_995_000_000_000, "1.00 PB"),
        (2**63 - 1, "9.22 EB"),
        (2**64, "18.45 EB"),
        (999_999 * 10**18, "999999.00 EB"),
    ],
)
def test_bytes_are_written_in_units_of_1000(n: int, text: str) -> None:
    assert human_bytes(n) == text


def test_an_amount_beyond_the_precision_of_floats_is_rounded_exactly() -> None:
    just_below_the_half = 1_234_999_999_999_999_999

    assert human_bytes(just_below_the_half) == "1.23 EB"
    assert human_bytes(just_below_the_half + 1) == "1.24 EB"


@settings(deadline=None)
@given(st.integers(min_value=1_000, max_value=10**21 - 1))
def test_every_written_amount_is_the_nearest_with_two_decimals(n: int) -> None:
    number, unit = human_bytes(n).split(" ")

    exact = Decimal(n) / 1000 ** EXPONENTS[unit]

    assert Decimal(number) == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert 1 <= Decimal(number) < 1000 or unit == "EB"


@pytest.mark.parametrize(
    ("bytes_per_second", "text"),
    [(0, "0 B/s"), (0.4, "0 B/s"), (999.6, "1.00 kB/s"), (125_829_120, "125.83 MB/s"), (1.25e9, "1.25 GB/s")],
)
def test_a_speed_in_bytes_ends_in_per_second(bytes_per_second: float, text: str) -> None:
    assert human_rate(bytes_per_second) == text


@pytest.mark.parametrize(
    ("bytes_per_second", "text"),
    [
        (0, "0 bit/s"),
        (0.5, "4 bit/s"),
        (125, "1.00 kbit/s"),
        (12_500_000, "100.00 Mbit/s"),
        (125_829_120, "1.01 Gbit/s"),
        (50_000_000_000, "400.00 Gbit/s"),
    ],
)
def test_a_speed_in_bits_is_eight_times_that_in_bytes(bytes_per_second: float, text: str) -> None:
    assert human_bits(bytes_per_second) == text


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0.00 B"),
        (1_023, "1023.00 B"),
        (1_024, "1.00 KB"),
        (1_048_575, "1.00 MB"),
        (13_430_988_800, "12.51 GB"),
        (110_359_838_720, "102.78 GB"),
        (123_790_827_520, "115.29 GB"),
        (2**63, "8.00 EB"),
    ],
)
def test_binary_amounts_divide_by_1024_and_keep_the_decimal_names(n: int, text: str) -> None:
    assert human_binary(n) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (45, "45 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h"),
        (3_659, "1 h"),
        (12_000, "3 h 20 min"),
        (12_059.9, "3 h 20 min"),
        (86_400, "1 d"),
        (86_400 + 59 * 60, "1 d"),
        (187_200, "2 d 4 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_a_duration_shows_its_largest_unit_and_the_next(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@pytest.mark.parametrize("write", [human_bytes, human_rate, human_bits, human_binary, human_duration])
def test_a_negative_amount_is_refused_by_its_value(write: Callable[[int], str]) -> None:
    with pytest.raises(ValueError, match=r"^-\d+ is not an amount: it must not be negative"):
        write(-5)


@pytest.mark.parametrize(
    ("bytes_count", "seconds", "speed"),
    [
        (0, 10, 0.0),
        (125_000, 1, 1.0),
        (85_428_000_000, 43_200, 15.82),
        (10**20, 3, 266_666_666_666_666.66),
        (1_000, 0, 0.0),
        (1_000, 0.0, 0.0),
    ],
)
def test_megabits_per_second_are_bytes_over_time(bytes_count: int, seconds: float, speed: float) -> None:
    assert mbps(bytes_count, seconds) == pytest.approx(speed, abs=0.005, rel=1e-15)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (0.004, "0.00"),
        (0.25, "0.25"),
        (9.996, "10.0"),
        (12.34, "12.3"),
        (99.96, "100"),
        (20.0, "20"),
        (999.4, "999"),
        (999.6, "1,000"),
        (9_999, "9,999"),
        (10_000, "10.0 k"),
        (12_345, "12.3 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (4_560_000_000, "4.56 G"),
    ],
)
def test_counts_are_short(amount: float, text: str) -> None:
    assert human_count(amount) == text


def test_less_than_nothing_is_no_count() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        human_count(-1)
