"""Times of requests in words; pure."""

from __future__ import annotations

SECOND = 1000.0
FEW = 9.995
"""Below it two decimals are shown, so that no time takes more than 7 characters."""

UNMEASURED = "\N{EN DASH}"


def human_milliseconds(milliseconds: float | None) -> str:
    """As in "1.24 ms", "250 ms", "2.50 s"; a dash where nothing was timed."""
    if milliseconds is None:
        return UNMEASURED
    if milliseconds < SECOND - 0.5:
        return f"{milliseconds:.2f} ms" if milliseconds < FEW else f"{milliseconds:.0f} ms"
    seconds = milliseconds / SECOND
    return f"{seconds:.2f} s" if seconds < FEW else f"{seconds:,.0f} s"
