"""Badges are XML of one line, and say an amount in words and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.terminal.amounts import AmountStyle
from reports.pictures.badge import BADGES, GOOD, HIGH, OVER, PLAIN, plan_badge, usage_badge

if TYPE_CHECKING:
    from tests.conftest import Golden

SVG = "{http://www.w3.org/2000/svg}"
STYLE = AmountStyle()
GB = 1_000_000_000


def parse(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - our own


def texts(drawn: str) -> list[str]:
    return [text.text or "" for text in parse(drawn).iter(f"{SVG}text")]


def test_badges_are_as_promised(golden: Golden) -> None:
    golden("pictures/badge-month.svg", usage_badge("netledger", "month", 12_300_000_000, STYLE))
    golden("pictures/badge-plan.svg", plan_badge("home", 412 * GB, 500 * GB, STYLE))


@pytest.mark.parametrize("name", BADGES)
def test_a_badge_names_its_period(name: str) -> None:
    assert texts(usage_badge("eth0", name, 12_300_000_000, STYLE)) == ["eth0", f"12.30 GB {BADGES[name]}"]
    assert texts(usage_badge("eth0", name, None, STYLE)) == ["eth0", "nothing counted yet"]


@pytest.mark.parametrize(
    ("used", "cap", "words", "colour"),
    [
        (0, 500 * GB, "0.0 % of 500.00 GB", GOOD),
        (399 * GB, 500 * GB, "79.8 % of 500.00 GB", GOOD),
        (400 * GB, 500 * GB, "80.0 % of 500.00 GB", HIGH),
        (500 * GB, 500 * GB, "100.0 % of 500.00 GB", OVER),
        (1_210_000 * GB, GB, "121000000.0 % of 1.00 GB", OVER),
        (12 * GB, None, "12.00 GB this cycle", PLAIN),
    ],
)
def test_a_badge_of_a_plan_has_the_colour_of_its_share(used: int, cap: int | None, words: str, colour: str) -> None:
    drawn = plan_badge("home", used, cap, STYLE)

    assert texts(drawn) == ["home", words]
    assert {part.get("fill") for part in parse(drawn).iter(f"{SVG}rect")} == {"#4a4954", colour}


@given(st.text())
def test_any_name_makes_a_badge_of_its_size(name: str) -> None:
    drawn = parse(usage_badge(name, "ever", 9_223_372_036_854_775_807, STYLE))

    assert int(drawn.get("width") or 0) <= 650
    assert [element.tag for element in drawn.iter()].count(f"{SVG}text") == 2
