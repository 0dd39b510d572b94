"""Charts: axes that people count in, labels that fit, tips that run nothing, no style of their own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from reports.charts.columns import Column, column_chart
from reports.charts.heat import HeatDay, HeatHour, calendar_heat, hour_heat, shading
from reports.charts.scale import AxisForm, axis, binary_axis, binary_tick_text, short_text, tick_text
from reports.charts.share import Gauge, Piece, cap_gauge, share_bar
from reports.charts.wall import wall_calendar
from tests.reports.export.example_exports import HOSTILE_NAMES
from tests.reports.wrapup.read_page import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = date(2026, 1, 1)
TOP, FLOOR = 14, 158
"""Pixels of the highest line and of the lowest in a chart of 180."""


def days(amounts: Sequence[int | None], tip: str = "") -> list[HeatDay]:
    return [HeatDay(DAY + timedelta(days=number), moved, tip) for number, moved in enumerate(amounts)]


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, ["1 MB"]),
        (1, ["1 B"]),
        (4, ["1 B", "2 B", "3 B", "4 B"]),
        (7, ["2 B", "4 B", "6 B", "8 B"]),
        (99, ["25 B", "50 B", "75 B", "100 B"]),
        (1_480_000_000_000, ["500 GB", "1 TB", "1.5 TB"]),
        (1_000_000_000, ["250 MB", "500 MB", "750 MB", "1 GB"]),
        (2_100_000_000, ["1 GB", "2 GB", "3 GB"]),
        (999_999_999_999, ["250 GB", "500 GB", "750 GB", "1 TB"]),
        (10**25, ["2.5 YB", "5 YB", "7.5 YB", "10 YB"]),
    ],
)
def test_an_axis_has_round_steps_up_to_the_most(most: int, ticks: list[str]) -> None:
    scale = axis(most)

    assert [tick_text(tick) for tick in scale.ticks] == ticks
    assert scale.top >= most


@pytest.mark.parametrize("most", [*range(300), *(3**power for power in range(60))])
def test_an_axis_is_never_much_higher_than_the_most(most: int) -> None:
    scale = axis(most)

    assert 1 <= len(scale.ticks) <= 4
    assert most == 0 or most <= scale.top <= max(2 * most, 1)


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, ["1 MiB"]),
        (1, ["1 B"]),
        (1000, ["256 B", "512 B", "768 B", "1 KiB"]),
        (2**30, ["256 MiB", "512 MiB", "768 MiB", "1 GiB"]),
        (2**30 + 1, ["512 MiB", "1 GiB", "1.5 GiB"]),
        (1_480_000_000_000, ["512 GiB", "1 TiB", "1.5 TiB"]),
        (5 * 2**40, ["2 TiB", "4 TiB", "6 TiB"]),
        (2**90, ["256 YiB", "512 YiB", "768 YiB", "1024 YiB"]),
    ],
)
def test_a_binary_axis_has_steps_that_are_round_in_its_units(most: int, ticks: list[str]) -> None:
    assert [binary_tick_text(tick) for tick in binary_axis(most).ticks] == ticks


@pytest.mark.parametrize("most", [*range(300), *(3**power for power in range(60))])
def test_a_binary_axis_is_never_much_higher_than_the_most(most: int) -> None:
    scale = binary_axis(most)

    assert 1 <= len(scale.ticks) <= 4
    assert most == 0 or most <= scale.top <= 1.5 * most + 1


def test_an_axis_is_written_as_its_form_has_it() -> None:
    form = AxisForm(is_binary=True, number=lambda english: english.replace(".", ","))
    drawn = column_chart([Column("10", 2**30, 1, "")], title="Bytes", form=form)

    assert [f">{tick}<" in drawn for tick in ("512 MiB", "1 GiB", "1,5 GiB")] == [True] * 3
    assert ">1.5 GB<" in column_chart([Column("10", 1_480_000_000, 0, "")], title="Bytes")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (57_400_000_000, "57 GB"),
        (10**30, "1000000 YB"),
    ],
)
def test_a_short_text_has_two_digits_or_three(amount: int, text: str) -> None:
    assert short_text(amount) == text


def test_columns_stack_what_was_sent_on_what_was_received() -> None:
    page = Page(column_chart([Column("Jan", 300, 100, "January"), Column("Feb", 0, 0, "February")], title="Months"))

    (received,) = [one.attributes for one in page.all("rect") if one.attributes["class"] == "receive"]
    (sent,) = [one.attributes for one in page.all("rect") if one.attributes["class"] == "transmit"]
    assert float(received["y"]) + float(received["height"]) == FLOOR
    assert float(sent["y"]) == TOP
    assert float(sent["y"]) + float(sent["height"]) == pytest.approx(float(received["y"]))
    assert float(received["height"]) == 3 * float(sent["height"])
    assert [one.text for one in page.all("title")] == ["January", "February"]


@pytest.mark.parametrize(
    ("labels", "wide", "narrow"),
    [
        (["Jan", "Feb", "Mar"], ["Jan", "Feb", "Mar"], ["Jan", "Feb", "Mar"]),
        (
            [str(day) for day in range(1, 32)],
            [str(day) for day in range(1, 32, 2)],
            [str(day) for day in range(1, 32, 4)],
        ),
        (["", "2017", *[""] * 11, "2018", *[""] * 8], ["2017", "2018"], ["2017", "2018"]),
        ([], [], []),
        (["", ""], [], []),
    ],
)
def test_labels_that_find_no_place_are_left_out(labels: list[str], wide: list[str], narrow: list[str]) -> None:
    page = Page(column_chart([Column(label, 1, 1, "") for label in labels], title="T"))

    shown = [one for one in page.all("text") if one.attributes.get("text-anchor") == "middle"]

    assert [one.text for one in shown] == wide
    assert [one.text for one in shown if "fine" not in one.attributes["class"].split()] == narrow


def test_each_shade_holds_as_many_days_as_the_others() -> None:
    shades = shading([None, 0, *range(1, 11)])

    found = [shades.level(amount) for amount in (None, 0, *range(1, 11))]

    assert found[:2] == ["heat-none", "heat-0"]
    assert [found.count(f"heat-{level}") for level in range(1, 6)] == [3, 2, 2, 2, 1]


def test_equal_amounts_are_of_one_shade() -> None:
    shades = shading([5] * 20)

    assert {shades.level(5)} == {"heat-1"}
    assert shading([]).level(0) == shading([0, None]).level(0) == "heat-0"


def test_days_without_tips_take_a_third_of_the_space() -> None:
    amounts = [number * 1_000_003 % 997 for number in range(365)]

    with_tips, without = (
        calendar_heat(days(amounts, tip), shading(amounts), title="2026") for tip in ("1 January 2026: 17.25 GB", "")
    )

    assert len(Page(with_tips).all("path")) == 365
    assert len(Page(without).all("path")) == 6
    assert without.count("h.83") == 365
    assert 3 * len(without) < len(with_tips)


def test_a_calendar_begins_a_column_on_monday() -> None:
    page = Page(calendar_heat(days([1] * 5, "tip"), shading([1]), title="T"))

    # 1 January 2026 is a Thursday.
    assert [one.attributes["d"][:4] for one in page.all("path")] == ["M0 3", "M0 4", "M0 5", "M0 6", "M1 0"]


HOSTILE_CHARTS = {
    "columns": lambda name: column_chart([Column(name, 1, 1, name)], title=name),
    "calendar": lambda name: calendar_heat(days([1], name or "x"), shading([1]), title=name),
    "hours": lambda name: hour_heat([[HeatHour(1, name)]], title=name),
    "wall": lambda name: wall_calendar(days([1], name), shading([1]), title=name),
    "gauge": lambda name: cap_gauge(Gauge(5, 3, 9, 0.5), title=name),
    "share": lambda name: share_bar([Piece("receive", 1, name)], title=name),
}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("chart", HOSTILE_CHARTS)
def test_a_name_in_a_chart_is_text_and_nothing_else(chart: str, name: str) -> None:
    drawn = HOSTILE_CHARTS[chart](name)

    page = Page(drawn)
    svg = page.all("svg")[0]
    assert page.dangers == []
    assert svg.attributes["role"] == "img"
    assert svg.attributes["aria-label"] == name
    assert all(element.text in {name, "x"} for element in page.all("title"))


@pytest.mark.parametrize(
    ("gauge", "used", "line"),
    [
        (Gauge(250, 1_000), ("25.00%", "used fine-so-far"), None),
        (Gauge(800, 1_000), ("80.00%", "used high"), None),
        (Gauge(2_000, 1_000), ("100.00%", "used full"), "50.00%"),
        (Gauge(1_000, 1_000, whole=4_000), ("25.00%", "used full"), "25.00%"),
        (Gauge(5, 0), ("100.00%", "used full"), "0.00%"),
        (Gauge(0, 0), None, "0.00%"),
        (Gauge(0, 10), None, None),
    ],
)
def test_a_gauge_shows_the_share_of_its_cap(gauge: Gauge, used: tuple[str, str] | None, line: str | None) -> None:
    page = Page(cap_gauge(gauge, title="T"))

    bars = [one.attributes for one in page.all("rect") if one.attributes["class"].startswith("used")]
    lines = [one.attributes["x1"] for one in page.all("line") if one.attributes["class"] == "cap"]
    assert [(bar["width"], bar["class"]) for bar in bars] == ([used] if used else [])
    assert lines == ([line] if line else [])


def test_parts_stand_beside_each_other() -> None:
    page = Page(
        share_bar(
            [Piece("receive", 30, "r"), Piece("transmit", 0, "n"), Piece("share-1", 10, "s")], title="T", whole=80
        )
    )

    places = [(one.attributes["x"], one.attributes["width"]) for one in page.all("rect")]

    assert places == [("0.00%", "37.50%"), ("37.50%", "12.50%")]
