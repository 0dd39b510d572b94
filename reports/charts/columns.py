"""Columns side by side: received below, sent on top of it, with an axis in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import escape

from reports.charts.scale import AxisForm
from reports.charts.svg import stretched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markupsafe import Markup

    from reports.charts.scale import Axis

TOP, BOTTOM = 14, 22
"""Pixels above the highest line for its text, and below the lowest for the labels."""

DECIMAL = AxisForm()
FILLED = 0.74
"""Share of its place that a column fills; the rest is the gap to the next."""

LETTER, MARGIN = 7, 10
"""Pixels of a letter at 12 px, and between two labels."""

WIDE, NARROW = 600, 270
"""Pixels that labels surely have: on a sheet, and on a phone."""


class Column(NamedTuple):
    """One column: the label below it, its bytes, and the tip of the pointer."""

    label: str
    received: int
    sent: int
    tip: str


def column_chart(columns: Sequence[Column], *, title: str, height: int = 180, form: AxisForm = DECIMAL) -> Markup:
    """The chart, `height` pixels high; screen readers say `title`. Labels without a place are left out."""
    scale = form.axis(max((column.received + column.sent for column in columns), default=0))
    inner = height - TOP - BOTTOM
    parts = [*_grid(scale, inner, form), *_columns(columns, scale, inner), *_labels(columns, height)]
    return stretched("columns", height, title, parts)


def _grid(scale: Axis, inner: int, form: AxisForm) -> Iterator[str]:
    for amount in (0, *scale.ticks):
        y = _number(TOP + inner - inner * amount / scale.top)
        yield f'<line class="{"axis" if amount == 0 else "grid"}" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
        yield f'<text class="muted" x="-8" y="{y}" dy=".32em" text-anchor="end">{escape(form.text(amount))}</text>'


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
    """Two decimals at most, without zeros at the end."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
