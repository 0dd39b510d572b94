"""Columns side by side: received below, sent on top of it, with an axis in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from reports.charts.scale import axis, tick_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.charts.scale import Axis

TOP, BOTTOM = 14, 22
"""Pixels above the highest line for its text, and below the lowest for the labels."""

FILLED = 0.74
"""Of a column's place, what it fills; the rest is the gap to the next."""

LETTER, MARGIN = 7, 10
"""Pixels of a letter at 12 px, and between two labels."""

WIDE, NARROW = 600, 270
"""Pixels that labels can be sure of: on a sheet, and on a phone."""


class Column(NamedTuple):
    """One column: what stands below it, its bytes, and what is said of it when somebody points at it."""

    label: str
    received: int
    sent: int
    tip: str


def column_chart(columns: Sequence[Column], *, title: str, height: int = 180) -> Markup:
    """Draw them; `title` is what a screen reader says, `height` pixels. Labels that find no place are left out."""
    scale = axis(max((column.received + column.sent for column in columns), default=0))
    inner = height - TOP - BOTTOM
    parts = [*_grid(scale, inner), *_columns(columns, scale, inner), *_labels(columns, height)]
    return Markup(  # noqa: S704 - every text in it is escaped below
        f'<svg class="chart columns" width="100%" height="{height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def _grid(scale: Axis, inner: int) -> Iterator[str]:
    for amount in (0, *scale.ticks):
        y = _number(TOP + inner - inner * amount / scale.top)
        yield f'<line class="{"axis" if amount == 0 else "grid"}" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        yield f'<text class="muted" x="-8" y="{y}" dy=".32em" text-anchor="end">{tick_text(amount)}</text>'


def _columns(columns: Sequence[Column], scale: Axis, inner: int) -> Iterator[str]:
    place = 100 / max(len(columns), 1)
    width = _number(place * FILLED)
    for number, (_, received, sent, tip) in enumerate(columns):
        x, hit = _number(place * (number + (1 - FILLED) / 2)), _number(place * number)
        yield f'<g class="column"><title>{escape(tip)}</title>'
        yield f'<rect class="hit" x="{hit}%" y="{TOP}" width="{_number(place)}%" height="{inner}"/>'
        for name, below, amount in (("receive", 0, received), ("transmit", received, sent)):
            if amount:
                y, tall = (inner * part / scale.top for part in (scale.top - below - amount, amount))
                place_and_size = f'x="{x}%" y="{_number(TOP + y)}" width="{width}%" height="{_number(tall)}"'
                yield f'<rect class="{name}" {place_and_size}/>'
        yield "</g>"


def _labels(columns: Sequence[Column], height: int) -> Iterator[str]:
    place = 100 / max(len(columns), 1)
    labelled = [(number, column.label) for number, column in enumerate(columns) if column.label]
    widest = max((len(label) for _, label in labelled), default=0) * LETTER + MARGIN
    often, rarely = (-(-len(labelled) * widest // room) or 1 for room in (WIDE, NARROW))
    rarely = -(-rarely // often) * often
    for turn, (number, label) in enumerate(labelled):
        if turn % often == 0:
            kind = "muted" if turn % rarely == 0 else "muted fine"
            x = _number(place * (number + 0.5))
            yield f'<text class="{kind}" x="{x}%" y="{height - 6}" text-anchor="middle">{escape(label)}</text>'


def _number(value: float) -> str:
    """Two decimals at most, as short as it gets."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
