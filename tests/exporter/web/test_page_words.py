"""The page's words for what the ledger says."""

from __future__ import annotations

import pytest

from exporter.web.page.sections.health import gap_text
from exporter.web.page.sections.month import month_beside
from exporter.web.page.view import split_amount
from reports.ledger.reader import Gap


@pytest.mark.parametrize(
    ("gaps", "says"),
    [
        ([], "None in the last 7 days"),
        ([Gap(0, 43, "off", 0)], "1 gap in the last 7 days, 43 s: 0 B counted, their time estimated"),
        (
            [Gap(0, 3600, "off", 1000), Gap(9000, 9060, "asleep", 500)],
            "2 gaps in the last 7 days, 1 h 1 min: 1.50 kB counted, their time estimated",
        ),
    ],
)
def test_gaps_are_added_up_in_a_sentence(gaps: list[Gap], says: str) -> None:
    assert gap_text(gaps) == says


@pytest.mark.parametrize(
    ("month", "by", "found"),
    [((2026, 1), -1, (2025, 12)), ((2025, 12), 1, (2026, 1)), ((2026, 6), 1, (2026, 7)), ((2026, 6), -1, (2026, 5))],
)
def test_months_follow_each_other_over_new_year(month: tuple[int, int], by: int, found: tuple[int, int]) -> None:
    assert month_beside(month, by) == found


@pytest.mark.parametrize(
    ("text", "parts"), [("12.40 Mbit/s", ("12.40", "Mbit/s")), ("0 B", ("0", "B")), ("none", ("none", ""))]
)
def test_an_amount_is_a_number_and_its_unit(text: str, parts: tuple[str, str]) -> None:
    assert split_amount(text) == parts
