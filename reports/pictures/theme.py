"""Colours and fonts of a picture, in its own style element."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTO, LIGHT, DARK = THEMES = ("auto", "light", "dark")
"""`auto` is as the reader's system has it; what knows no such question shows the light one."""

COLOURS: Mapping[str, tuple[str, str]] = {
    "card": ("#fff", "#191924"),
    "ink": ("#17161f", "#f4f2ec"),
    "muted": ("#5a5866", "#aeabbd"),
    "line": ("#d9d6cc", "#35344a"),
    "grid": ("#e6e3da", "#2a2939"),
    "receive": ("#1a5fd0", "#6ea8ff"),
    "transmit": ("#c2560c", "#ffa04d"),
}
"""Light and dark, by the names of reports/templates/theme.css."""

RULES = (
    ("text", "fill", "ink"),
    (".muted", "fill", "muted"),
    (".card", "fill", "card"),
    (".card,.line", "stroke", "line"),
    (".grid", "stroke", "grid"),
    (".axis", "stroke", "muted"),
    (".receive", "fill", "receive"),
    (".transmit", "fill", "transmit"),
)
FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans','Liberation Sans',Arial,sans-serif"
LETTERS = f"text{{font-family:{FONTS};font-size:12px;font-variant-numeric:tabular-nums}}"
TITLE = ".title{font-size:15px;font-weight:bold}"
SHAPES = ".chart{overflow:visible}.hit{fill:none}.expected{fill-opacity:.35}"


def style_element(theme: str) -> str:
    """The style of one of `THEMES`."""
    rules = _colours(1 if theme == DARK else 0)
    if theme == AUTO:
        rules += f"@media (prefers-color-scheme:dark){{{_colours(1)}}}"
    return f"<style>{LETTERS}{TITLE}{SHAPES}{rules}</style>"


def _colours(number: int) -> str:
    return "".join(f"{place}{{{what}:{COLOURS[name][number]}}}" for place, what, name in RULES)
