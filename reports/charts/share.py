"""Bars of one line: used and expected bytes of a cap, and the parts of a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import escape

from reports.charts.svg import stretched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

HEIGHT = 18
WARNS_AT, FULL = 0.8, 1.0


class Gauge(NamedTuple):
    """Used bytes, the cap, and the bytes expected at the end of the cycle.

    `elapsed` is the share of the cycle that has passed (0 to 1); None if it is over. `whole` is the least amount of the
    full width, so that gauges below each other can be compared.
    """

    used: int
    cap: int
    expected: int | None = None
    elapsed: float | None = None
    whole: int = 0


class Piece(NamedTuple):
    """A part of a whole: its class (receive, transmit, share-1 to share-5), its bytes and its tip."""

    kind: str
    amount: int
    tip: str


def cap_gauge(gauge: Gauge, *, title: str) -> Markup:
    """The used part from the left, the expected part behind it, a line at the cap, a notch at today."""
    used, cap, expected, elapsed, whole = gauge
    whole = max(used, cap, expected or 0, whole, 1)
    share = used / cap if cap else FULL
    state = "full" if share >= FULL else "high" if share >= WARNS_AT else "fine-so-far"
    parts = [f'<rect class="track" width="100%" height="{HEIGHT}" rx="4"/>']
    if expected is not None and expected > used:
        parts.append(f'<rect class="expected" width="{_percent(expected, whole)}" height="{HEIGHT}" rx="4"/>')
    if used:
        parts.append(f'<rect class="used {state}" width="{_percent(used, whole)}" height="{HEIGHT}" rx="4"/>')
    if elapsed is not None:
        x = _percent(int(elapsed * cap), whole)
        parts.append(f'<line class="today" x1="{x}" x2="{x}" y1="-3" y2="{HEIGHT + 3}"/>')
    if whole > cap:
        x = _percent(cap, whole)
        parts.append(f'<line class="cap" x1="{x}" x2="{x}" y1="-3" y2="{HEIGHT + 3}"/>')
    return stretched("gauge", HEIGHT, title, parts)


def share_bar(pieces: Sequence[Piece], *, title: str, whole: int | None = None) -> Markup:
    """Parts from left to right, as wide as their share of `whole` bytes; without it, of their sum."""
    whole = max(sum(piece.amount for piece in pieces) if whole is None else whole, 1)
    begun, parts = 0, []
    for kind, amount, tip in pieces:
        if amount:
            place = f'x="{_percent(begun, whole)}" width="{_percent(amount, whole)}"'
            parts.append(f'<rect class="{kind}" {place} height="{HEIGHT}"><title>{escape(tip)}</title></rect>')
            begun += amount
    return stretched("shares", HEIGHT, title, parts)


def _percent(amount: int, whole: int) -> str:
    return f"{100 * amount / whole:.2f}%"
