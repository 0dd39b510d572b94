"""In a real browser: no text of a picture leaves its room or touches another, in the widest usual font."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exporter.terminal.amounts import AmountStyle
from reports.ledger.rows import Bytes
from reports.pictures.badge import plan_badge, usage_badge
from reports.pictures.periods import draw_periods
from reports.pictures.sheet import PictureContext
from reports.pictures.summary import draw_summary
from reports.pictures.theme import FONTS
from tests.reports.pictures.answers import LARGEST, calendar_answer, hours_answer, summary_figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import Browser

WIDEST = "Verdana,'DejaVu Sans'"
UNTIL = "until 2026-12-28 23:44 America/Argentina/ComodRivadavia"
NEARLY = 1023 * 1024**4 + 1010 * 1024**3
"""1023.99 TiB: the longest text of an amount."""

AMOUNTS = {"none": None, "nothing": Bytes(), "nearly": Bytes(NEARLY, NEARLY), "largest": Bytes(LARGEST, LARGEST)}
SUBJECTS = {
    "interface": "enp0s31f6u1u2u3",
    "alias": "fibre of the house behind the green gate",
    "wide": "W" * 40,
    "script": "<script>alert('a name')</script>",
    "other": "光纤" * 20,
    "many": " + ".join(f"veth{number}" for number in range(40)),
}
DRAWINGS: dict[str, Callable[[Bytes | None, PictureContext], str]] = {
    "hours": lambda amount, context: draw_periods("hours", hours_answer([amount] * 24), context),
    "many-hours": lambda amount, context: draw_periods("hours", hours_answer([amount] * 100), context),
    "days": lambda amount, context: draw_periods("days", calendar_answer("days", [amount] * 30, LARGEST), context),
    "months": lambda amount, context: draw_periods("months", calendar_answer("months", [amount] * 12), context),
    "years": lambda amount, context: draw_periods("years", calendar_answer("years", [amount] * 5), context),
    "summary": lambda amount, context: draw_summary(summary_figures(amount, LARGEST), context),
}
BADGES: dict[str, Callable[[Bytes | None, PictureContext], str]] = {
    "usage": lambda amount, to: usage_badge(to.subject, "month", amount and amount.total, to.amounts),
    "plan": lambda amount, to: plan_badge(to.subject, 2 * LARGEST, amount and amount.total, to.amounts),
}
MEASURE = """
() => [...document.querySelectorAll("body > svg")].map((picture) => {
  const whole = picture.getBoundingClientRect()
  return [...picture.querySelectorAll("text")].map((one) => {
    const holder = one.closest("svg"), box = one.getBoundingClientRect()
    const frame = getComputedStyle(holder).overflowX == "visible" ? whole : holder.getBoundingClientRect()
    return { text: one.textContent, left: box.left - whole.left, right: box.right - whole.left,
      top: box.top - whole.top, begin: frame.left - whole.left, end: frame.right - whole.left }
  })
})
"""


@pytest.mark.parametrize(("drawings", "margin"), [(DRAWINGS, 8), (BADGES, 4)], ids=["sheets", "badges"])
@pytest.mark.parametrize("amount", AMOUNTS)
async def test_no_text_leaves_its_room(
    browser: Browser,
    drawings: dict[str, Callable[[Bytes | None, PictureContext], str]],
    margin: int,
    amount: str,
) -> None:
    styles = (AmountStyle(), AmountStyle("binary", "bytes"))
    contexts = [PictureContext(subject, UNTIL, style) for subject in SUBJECTS.values() for style in styles]
    drawn = [draw(AMOUNTS[amount], context) for draw in drawings.values() for context in contexts]
    assert all(FONTS in picture for picture in drawn)

    page = await browser.new_page()
    await page.set_content("<body>" + "".join(drawn).replace(FONTS, WIDEST))
    pictures = await page.evaluate(MEASURE)
    await page.close()

    assert len(pictures) == len(drawn)
    for boxes in pictures:
        begins = [box for box in boxes if box["left"] < max(box["begin"], margin)]
        ends = [box for box in boxes if box["right"] > min(box["end"], 640 - margin)]
        assert (begins, ends, overlapping(boxes)) == ([], [], [])


def overlapping(boxes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Texts of one line that touch each other."""
    return [
        (one["text"], other["text"])
        for number, one in enumerate(boxes)
        for other in boxes[number + 1 :]
        if abs(one["top"] - other["top"]) < 6 and one["left"] < other["right"] + 3 and other["left"] < one["right"] + 3
    ]
