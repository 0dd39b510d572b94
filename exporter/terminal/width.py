"""Columns that a text takes on a terminal: a wide character takes two, a mark on another one none."""

from __future__ import annotations

import unicodedata

WIDE = frozenset("WF")
"""East Asian widths of two columns (Unicode, annex 11)."""
WITHOUT_WIDTH = frozenset(("Mn", "Me", "Cf"))
"""Categories of marks and invisible characters."""
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def text_width(text: str) -> int:
    """Columns of a text without control characters."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def padded(text: str, width: int, *, is_left: bool) -> str:
    """The text with blanks to a width, at its left or right edge; a longer one as it is."""
    blanks = " " * (width - text_width(text))
    return text + blanks if is_left else blanks + text


def cut(text: str, width: int, mark: str = ELLIPSIS) -> str:
    """As much of the text as fits into a width; where something is left out, it ends with the mark."""
    if text_width(text) <= width:
        return text
    room, kept = width - len(mark), ""
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return (kept + mark)[:width]


def _columns(character: str) -> int:
    if unicodedata.category(character) in WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in WIDE else 1
