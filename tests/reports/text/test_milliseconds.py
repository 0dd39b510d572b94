from __future__ import annotations

import pytest

from reports.text.milliseconds import human_milliseconds


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "\N{EN DASH}"),
        (0.0, "0.00 ms"),
        (1.239, "1.24 ms"),
        (9.994, "9.99 ms"),
        (9.996, "10 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (2_500.0, "2.50 s"),
        (9_999.0, "10 s"),
        (1_000_000.0, "1,000 s"),
    ],
)
def test_a_time_has_the_unit_that_fits(milliseconds: float | None, text: str) -> None:
    assert human_milliseconds(milliseconds) == text
