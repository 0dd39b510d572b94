"""Times of requests in words."""

from __future__ import annotations

SECOND = 1000.0


def human_milliseconds(milliseconds: float | None) -> str:
    """Milliseconds with about three digits: "0.42 ms", "12.3 ms", "321 ms", "1.50 s"; "-" of None."""
    if milliseconds is None:
        return "-"
    if round(milliseconds) >= SECOND:
        return f"{milliseconds / SECOND:.2f} s"
    digits = 2 if milliseconds < 10 else 1 if milliseconds < 100 else 0  # noqa: PLR2004 - powers of ten
    return f"{milliseconds:.{digits}f} ms"
