"""Dates and amounts as tables of other programs write them."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.importing.cells import UNITS, CellError, amount, begin
from exporter.importing.spans import Span

NOVEMBER = Span(date(2026, 11, 1), date(2026, 11, 30))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-28", Span(date(2026, 11, 28), date(2026, 11, 28))),
        ("2026/11/28", Span(date(2026, 11, 28), date(2026, 11, 28))),
        (" 2026-11 ", NOVEMBER),
        ("2024-02", Span(date(2024, 2, 1), date(2024, 2, 29))),
        ("2026-11-28 13:00", datetime(2026, 11, 28, 13)),  # noqa: DTZ001 - a file's own clock
        ("2026-11-28T13:05:10Z", datetime.fromisoformat("2026-11-28T13:05:10+00:00")),
        ("2026-11-28 13", datetime(2026, 11, 28, 13)),  # noqa: DTZ001 - as above
    ],
)
def test_a_date_is_of_a_day_a_month_or_an_instant(text: str, expected: object) -> None:
    assert begin(text) == expected


@pytest.mark.parametrize(
    "text", ["", "28.11.2026", "11/28/2026", "2026-13", "2026-02-30", "2026", "Total", "0001-01-01", "9999-12"]
)
def test_what_may_mean_another_day_is_no_date(text: str) -> None:
    with pytest.raises(CellError):
        begin(text)


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1234", 1, 1234),
        ("1234.0", 1, 1234),
        (" 12 ", UNITS["mib"], 12 << 20),
        ("1.5", UNITS["gib"], 3 << 29),
        ("1.5 GB", UNITS["mib"], 1_500_000_000),
        ("7kib", 1, 7168),
        ("0.0005", UNITS["kb"], 1),
        ("0.0004", UNITS["kb"], 0),
    ],
)
def test_an_amount_is_whole_bytes(text: str, unit: int, expected: int) -> None:
    assert amount(text, unit) == expected


@pytest.mark.parametrize("text", ["", " ", "-1", "1,5", "1.234.567", "1e9", "0x10", "many", "12 GB/s", "٣"])
def test_what_may_mean_another_amount_is_none(text: str) -> None:
    with pytest.raises(CellError):
        amount(text, 1)


@given(st.integers(0, 2**50), st.sampled_from(sorted(UNITS.values())))
def test_whole_units_are_exact(number: int, unit: int) -> None:
    assert amount(str(number), unit) == number * unit
