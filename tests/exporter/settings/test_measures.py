from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.settings import measures
from exporter.settings.measures import MeasureError, format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("10s", 10.0),
        ("15m", 900.0),
        ("1.5h", 5400.0),
        ("1.1h", 3960.0),
        ("30d", 2_592_000.0),
        ("2w", 1_209_600.0),
        ("10 s", 10.0),
        ("0", 0.0),
        ("0.0", 0.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("400 MB", 400_000_000),
        ("400MB", 400_000_000),
        ("400 mb", 400_000_000),
        ("1 TiB", 1024**4),
        ("1 kb", 1000),
        ("1 KiB", 1024),
        ("1.5 GB", 1_500_000_000),
        ("0.1 GB", 100_000_000),
        ("7 B", 7),
        ("0", 0),
    ],
)
def test_a_size_is_read_in_bytes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "-1s",
        "+1s",
        "1e3s",
        "infs",
        "nan",
        "1h30m",
        "10S",
        "1:30",
        "\u0663s",
        "1_0s",
        " 1s",
        "9" * 16,
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(MeasureError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "MB", "-1 MB", "1e9 B", "1 M", "1 MiBs", "1 iB", "1  MB", "\u0661 MB", "9" * 16])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(MeasureError, match="is not a size"):
        parse_size(text)


def test_a_bare_number_asks_for_a_unit() -> None:
    with pytest.raises(MeasureError, match="has no unit"):
        parse_duration("10")
    with pytest.raises(MeasureError, match="has no unit"):
        parse_size("400")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.5, "500ms"), (0.0000015, "0.002ms"), (90.0, "90s"), (5400.0, "90m"), (604_800.0, "1w")],
)
def test_a_duration_is_written_in_the_largest_whole_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(min_value=0, max_value=10**15).map(lambda micros: micros / 1_000_000))
def test_a_duration_survives_being_written_and_read(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(min_value=0, max_value=10**15 - 1))
def test_a_size_survives_being_written_and_read(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.from_regex(measures.DURATION, fullmatch=True) | st.from_regex(measures.SIZE, fullmatch=True) | st.text())
def test_any_text_is_a_measure_or_refused_without_another_error(text: str) -> None:
    for parse in (parse_duration, parse_size):
        with contextlib.suppress(MeasureError):
            assert parse(text) >= 0
