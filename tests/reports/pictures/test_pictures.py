"""Pictures are XML that stands alone, and show every amount of their answer, whatever its names are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.terminal.amounts import AmountStyle
from reports.ledger.rows import Bytes
from reports.pictures.letters import fitted, width
from reports.pictures.periods import MOST_PERIODS, PictureError, draw_periods
from reports.pictures.sheet import UNKNOWN, PictureContext
from reports.pictures.summary import draw_summary
from reports.pictures.theme import COLOURS, DARK, LIGHT, THEMES
from tests.reports.pictures.answers import LARGEST, calendar_answer, hours_answer, summary_figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Golden

SVG = "{http://www.w3.org/2000/svg}"
CONTEXT = PictureContext("eth0", "until 2026-01-02 12:00 UTC", AmountStyle())
FEW = [Bytes(3_000_000_000, 250_000_000), None, Bytes(1_500_000_000, 75_000_000), Bytes()]
LARGE = [Bytes(LARGEST, LARGEST)] * 4
DRAWINGS: dict[str, Callable[[PictureContext], str]] = {
    "hours": lambda context: draw_periods("hours", hours_answer(FEW), context),
    "days": lambda context: draw_periods("days", calendar_answer("days", FEW, 900_000_000), context),
    "months": lambda context: draw_periods("months", calendar_answer("months", FEW), context),
    "years": lambda context: draw_periods("years", calendar_answer("years", FEW), context),
    "top": lambda context: draw_periods("top", calendar_answer("days", FEW[:1]), context),
    "summary": lambda context: draw_summary(summary_figures(FEW[0], 9_000_000_000), context),
    "nothing": lambda context: draw_summary(summary_figures(None), context),
    "no-periods": lambda context: draw_periods("top", calendar_answer("days", []), context),
    "imported": lambda context: draw_periods("months", calendar_answer("months", FEW, 0, FEW[0] or Bytes()), context),
    "large": lambda context: draw_periods("days", calendar_answer("days", LARGE), context),
}
HOSTILE_NAMES = ("</text><script>alert(1)</script>", "\"'&<>", "\0\x1b[2J\u202egnp", "\ufffe\ud800", "]]>", "W" * 40)


def parse(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - our own


def texts(drawn: str) -> list[str]:
    """Every text that is drawn."""
    return [text.text or "" for text in parse(drawn).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_is_as_promised(name: str, golden: Golden) -> None:
    golden(f"pictures/{name}.svg", DRAWINGS[name](CONTEXT))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_picture_of_one_theme_is_as_promised(theme: str, golden: Golden) -> None:
    golden(f"pictures/days-{theme}.svg", DRAWINGS["days"](CONTEXT._replace(theme=theme)))


@pytest.mark.parametrize("subject", HOSTILE_NAMES)
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_name_is_text_and_nothing_else(name: str, subject: str) -> None:
    usual, hostile = (DRAWINGS[name](CONTEXT._replace(subject=each)) for each in ("eth0", subject))

    parsed = parse(hostile)
    assert [element.tag for element in parsed.iter()] == [element.tag for element in parse(usual).iter()]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", hostile)
    assert (parsed.get("role"), parsed.get("aria-label")) == ("img", parsed[0].text)


@given(st.text())
def test_any_name_makes_xml(subject: str) -> None:
    parsed = parse(draw_periods("days", calendar_answer("days", FEW), CONTEXT._replace(subject=subject)))

    assert parsed.tag == f"{SVG}svg"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_picture_names_no_script_and_no_address(name: str) -> None:
    drawn = DRAWINGS[name](CONTEXT)

    assert re.findall(r"https?://[^\"]+", drawn) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"script|href|url\(|@import|@font-face|\bon\w+=", drawn)


def test_a_table_has_every_amount_of_its_answer() -> None:
    shown = texts(DRAWINGS["days"](CONTEXT))

    assert shown[5:] == [
        *("2025-12-30", "3.00 GB", "250.00 MB", "3.25 GB", "300.93 kbit/s"),
        *("2025-12-31", *[UNKNOWN] * 4),
        *("2026-01-01", "1.50 GB", "75.00 MB", "1.58 GB", "145.83 kbit/s"),
        *("2026-01-02", "0 B", "0 B", "0 B", "0 bit/s"),
        *("estimated", "900.00 MB", "100.00 MB", "900.00 MB", "83.34 kbit/s"),
        *("Total", "4.50 GB", "325.00 MB", "4.83 GB", "148.92 kbit/s"),
        *("received", "sent", "until 2026-01-02 12:00 UTC"),
    ]


def test_what_was_imported_is_marked() -> None:
    shown = texts(DRAWINGS["imported"](CONTEXT))

    assert [text for text in shown if "*" in text] == ["2025-11*", "Total*", "3.25 GB of it imported (*)"]


def test_amounts_are_in_the_style_of_the_settings() -> None:
    shown = texts(DRAWINGS["days"](CONTEXT._replace(amounts=AmountStyle("binary", "bytes"))))

    assert {"2.79 GiB", "36.73 KiB/s"} <= set(shown)


def test_a_reader_who_sees_no_picture_is_told_its_numbers() -> None:
    days, hours = (parse(DRAWINGS[name](CONTEXT)) for name in ("days", "hours"))

    assert days.findtext(f"{SVG}title") == "Days, eth0"
    assert "2025-12-30: 3.00 GB received, 250.00 MB sent, 3.25 GB in all, 300.93 kbit/s on average" in (
        days.findtext(f"{SVG}desc") or ""
    )
    assert f"2025-12-30 21:00: {UNKNOWN} received, {UNKNOWN} sent" in (hours.findtext(f"{SVG}desc") or "")


def test_a_bar_ends_where_what_is_expected_ends() -> None:
    drawn = parse(draw_periods("days", calendar_answer("days", [Bytes(300, 100), Bytes(100, 0)], 800), CONTEXT))

    bars = [
        (bar.get("class"), float(bar.get("x") or 0) - 526, float(bar.get("width") or 0))
        for bar in drawn.iter(f"{SVG}rect")
        if float(bar.get("x") or 0) >= 526
    ]
    assert bars == [
        ("receive", 0, 35.25),
        ("transmit", 35.25, 11.75),
        ("receive expected", 11.75, 82.25),
        ("receive", 0, 11.75),
    ]


def test_hours_beyond_a_year_are_of_both() -> None:
    drawn = draw_periods("hours", hours_answer([Bytes(1, 1)] * 32), CONTEXT)

    assert texts(drawn)[0] == "Hours of 2025-12-30 to 2026-01-01, eth0"
    assert "2026-01-01 03:00: 1 B received, 1 B sent" in drawn


@pytest.mark.parametrize("theme", THEMES)
def test_colours_are_those_of_pages(theme: str) -> None:
    css = (Path(__file__).parents[3] / "reports/templates/theme.css").read_text(encoding="utf-8")
    light, dark, _ = css.split("prefers-color-scheme: dark")[0], *css.split("@media screen")[1:]
    drawn = DRAWINGS["days"](CONTEXT._replace(theme=theme))

    for name, pair in COLOURS.items():
        assert [re.search(rf"--{name}: (#\w+);", block)[1] for block in (light, dark)] == list(pair)  # type: ignore[index]
    assert (COLOURS["card"][0] in drawn, COLOURS["card"][1] in drawn) == (theme != "dark", theme != "light")
    assert ("@media" in drawn) == (theme == "auto")


def test_so_many_periods_that_they_have_no_room_are_refused() -> None:
    draw_periods("hours", hours_answer([None] * MOST_PERIODS), CONTEXT)

    with pytest.raises(PictureError, match="101 hours have no room in a picture: 100 have"):
        draw_periods("hours", hours_answer([None] * (MOST_PERIODS + 1)), CONTEXT)


@given(st.text(), st.floats(20, 1000), st.integers(8, 20))
def test_a_text_is_cut_to_its_room(text: str, room: float, size: int) -> None:
    shown = fitted(text, room, size)

    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))
    assert width(shown, size) <= room or shown == "…"
