"""The SVG element around a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable


def stretched(kind: str, height: int, title: str, parts: Iterable[str]) -> Markup:
    """A drawing as wide as its place, `height` pixels high; `parts` are finished markup."""
    return _svg(kind, f'width="100%" height="{height}"', title, parts)


def scaled(kind: str, width: int, height: int, title: str, parts: Iterable[str]) -> Markup:
    """A drawing that scales to the width of its place; `parts` are finished markup."""
    return _svg(kind, f'viewBox="0 0 {width} {height}"', title, parts)


def _svg(kind: str, size: str, title: str, parts: Iterable[str]) -> Markup:
    return Markup(  # noqa: S704 - charts escape every text that they put in
        f'<svg class="chart {kind}" {size} role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
