"""SVG as PNG, by resvg: an extra, since few need it (3 MB, and no library of the system)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import click

from reports.pictures.theme import FONTS

if TYPE_CHECKING:
    from pathlib import Path

SCALE = 2
"""Pixels of the PNG for one of the SVG: screens of today have that many."""

NEEDS_EXTRA = "a PNG needs the extra png: pip install 'netledger[png]', or write an SVG"
NEEDS_FONT = "a PNG needs a font, and none is installed: Debian's fonts-dejavu-core is one; or write an SVG"
LETTER = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="18" font-family="{}">0</text></svg>'


def to_png(svg: str, fonts: Path | None = None) -> bytes:
    """The PNG, with the fonts of a folder or else of the system; ends the command where it cannot be made."""
    try:
        resvg = import_module("resvg_py")
    except ImportError as error:
        raise click.ClickException(NEEDS_EXTRA) from error
    folders = None if fonts is None else [str(fonts)]

    def render(text: str) -> bytes:
        drawn: bytes = resvg.svg_to_bytes(
            svg_string=text, zoom=SCALE, skip_system_fonts=fonts is not None, font_dirs=folders
        )
        return drawn

    if render(LETTER.format(FONTS)) == render(LETTER.format(FONTS).replace("0</text>", "</text>")):
        raise click.ClickException(NEEDS_FONT)
    return render(svg)
