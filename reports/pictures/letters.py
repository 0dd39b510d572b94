"""The room that a text takes, without measuring it: at most, in any usual font of a screen."""

from __future__ import annotations

from unicodedata import combining, east_asian_width

NARROW = frozenset(" .,:;'`!|()[]{}ijlftrI/\\-\"")
WIDE = frozenset("mwMW@%\N{HORIZONTAL ELLIPSIS}")
NARROW_EM, USUAL_EM, CAPITAL_EM, WIDE_EM, PICTOGRAM_EM = 0.46, 0.64, 0.8, 1.08, 1.4
"""Widths of letters as shares of the size of the font: those of Verdana and DejaVu Sans, which no other exceeds."""

BOLD = 1.16
LATIN_ENDS = 0x250
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def width(text: str, size: float) -> float:
    """Pixels that a text takes at most, in a font of `size` pixels."""
    return size * sum(map(_em, text))


def fitted(text: str, room: float, size: float) -> str:
    """The text, or as much of its begin as has room in so many pixels, with an ellipsis."""
    if width(text, size) <= room:
        return text
    kept = text
    while kept and width(kept + ELLIPSIS, size) > room:
        kept = kept[:-1]
    return kept.rstrip() + ELLIPSIS


def _em(letter: str) -> float:
    if letter in NARROW:
        return NARROW_EM
    if letter in WIDE:
        return WIDE_EM
    if ord(letter) < LATIN_ENDS:
        return CAPITAL_EM if letter.isupper() else USUAL_EM
    if combining(letter):
        return 0.0
    return WIDE_EM if east_asian_width(letter) in "WF" and ord(letter) <= 0xFFFF else PICTOGRAM_EM  # noqa: PLR2004 - where pictograms begin
