"""Badges: one amount with its name on a line of 20 pixels, as shields.io has made usual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import escape

from reports.charts.share import FULL, WARNS_AT
from reports.pictures.letters import fitted, width
from reports.pictures.sheet import UNSAFE
from reports.pictures.theme import FONTS

if TYPE_CHECKING:
    from reports.pictures.sheet import AmountStyle

HEIGHT, SIZE, PADDING = 20, 11, 6
MOST_ROOM = 300
"""Pixels that a side has at most for its text."""

LABEL = "#4a4954"
PLAIN, GOOD, HIGH, OVER = "#1a5fd0", "#0e7a4b", "#9a5b00", "#b3261e"
"""Colours of the amount: white is easy to read on each, on light pages and dark ones."""

BADGES = {"today": "today", "week": "this week", "month": "this month", "year": "this year", "ever": "ever"}
"""Periods until now, and what a badge calls them."""


def usage_badge(label: str, name: str, total: int | None, style: AmountStyle) -> str:
    """Bytes of one of `BADGES`; None where nothing of it is counted."""
    words = "nothing counted yet" if total is None else f"{style.bytes(total)} {BADGES[name]}"
    return _draw(label, words, PLAIN)


def plan_badge(name: str, used: int, cap: int | None, style: AmountStyle) -> str:
    """What is used of a plan's cap, green, from 80 % on brown, and red when it is used up; bytes without a cap."""
    if not cap:
        return _draw(name, f"{style.bytes(used)} this cycle", PLAIN)
    share = used / cap
    colour = OVER if share >= FULL else HIGH if share >= WARNS_AT else GOOD
    return _draw(name, f"{style.number(f'{100 * share:.1f} %')} of {style.bytes(cap)}", colour)


def _draw(label: str, words: str, colour: str) -> str:
    sides = [fitted(text.translate(UNSAFE), MOST_ROOM, SIZE) for text in (label, words)]
    left, right = (round(width(side, SIZE)) + 2 * PADDING for side in sides)
    title = escape(f"{label}: {words}".translate(UNSAFE))
    size = f'width="{left + right}" height="{HEIGHT}" viewBox="0 0 {left + right} {HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        f'<rect width="{left + right}" height="{HEIGHT}" rx="4" fill="{LABEL}"/>',
        # Its left corners are square: a second one covers them.
        f'<rect x="{left}" width="{right}" height="{HEIGHT}" rx="4" fill="{colour}"/>',
        f'<rect x="{left}" width="8" height="{HEIGHT}" fill="{colour}"/>',
    ]
    font = f'y="14" font-family="{FONTS}" font-size="{SIZE}" fill="#fff" text-anchor="middle"'
    for x, room, side in ((0, left, sides[0]), (left, right, sides[1])):
        # A frame of its own cuts off what a letter of another script might need beyond its room.
        text = f'<text x="{room / 2:g}" {font}>{escape(side)}</text>'
        parts.append(f'<svg x="{x}" width="{room}" height="{HEIGHT}">{text}</svg>')
    return "\n".join([*parts, "</svg>", ""])
