from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.document import BEGIN, END, MarkerError, renewed, replaced
from tests.bench.machine import Machine
from tests.bench.rows import Row, skipped
from tests.bench.table import number, page

MACHINE = Machine("Some CPU", 2, 4 * 2**30, "Linux 6.1", "3.11.7", "3.40.1", 0.0)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.00012345, "0.0001"),
        (0.04, "0.04"),
        (0.1234, "0.123"),
        (2, "2"),
        (2.345, "2.35"),
        (39.84, "39.8"),
        (100, "100"),
        (1234.5, "1234"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_a_page_names_the_machine_the_figures_and_the_remarks() -> None:
    rows = [
        Row("RSS", "MB", 42, (41.0, 41.5, 43.0), "netdata 69", remark="after 10 min"),
        Row("block", "ms", 20, (5.0, 30.0), judged="worst"),
        skipped("crowds", "only root makes them"),
    ]

    text = page(MACHINE, rows, "2026-01-31")

    assert text.splitlines() == [
        f"Measured on 2026-01-31: {MACHINE.sentence}",
        "",
        "| figure | target | min / median / max | met | peers |",
        "|---|---|---|---|---|",
        "| RSS | <= 42 MB | 41 / 41.5 / 43 MB | yes | netdata 69 |",
        "| block | <= 20 ms | 5 / 17.5 / 30 ms | **no** |  |",
        "| crowds |  | not measured |  |  |",
        "",
        "- RSS: after 10 min",
        "- crowds: only root makes them",
    ]


def test_only_what_is_between_the_markers_is_replaced() -> None:
    text = f"before\n\n{BEGIN}\n\nold\n\n{END}\n\nafter\n"

    once = replaced(text, "new\n")

    assert once == f"before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"
    assert replaced(once, "new\n") == once


def test_a_part_is_measured_again_without_losing_the_others() -> None:
    old = page(
        MACHINE, [Row("RSS", "MB", 42, (41.0,), remark="resting"), Row("CSV", "ms", 8, (9.0,), remark="slow")], "1"
    )
    text = replaced(f"before\n{BEGIN}\n{END}\nafter\n", old)
    again = page(MACHINE, [Row("CSV", "ms", 8, (7.0,), remark="fast"), Row("JSON", "ms", 15, (14.0,))], "2")

    once = renewed(text, again, ["CSV", "JSON"])

    others = page(MACHINE, [Row("RSS", "MB", 42, (41.0,), remark="resting")], "1")
    assert once == f"before\n{BEGIN}\n\n{others}\n{again}\n{END}\nafter\n"
    assert renewed(once, again, ["CSV", "JSON"]) == once
    assert renewed(once, others, ["RSS"]) == f"before\n{BEGIN}\n\n{again}\n{others}\n{END}\nafter\n"


@pytest.mark.parametrize(
    "text", ["no markers", f"{BEGIN}\nno end", f"{END}\n{BEGIN}", f"{BEGIN}\n{BEGIN}\n{END}"], ids=str
)
def test_a_document_without_a_place_for_figures_stays_as_it_is(text: str) -> None:
    with pytest.raises(MarkerError):
        replaced(text, "new")


def test_the_document_of_figures_has_a_place_for_them() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")

    assert "new figures" in replaced(text, "new figures")
