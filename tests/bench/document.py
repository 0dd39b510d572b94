"""A document whose middle is replaced: what stands between two marker comments."""

from __future__ import annotations

BEGIN = "<!-- figures: written by make bench -->"
END = "<!-- end of figures -->"


class MarkerError(Exception):
    """The document has no place for the figures, or more than one."""


def replaced(text: str, figures: str) -> str:
    """Put the figures between the markers; raises MarkerError."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise MarkerError(f"expected one line {BEGIN!r} and one line {END!r}")
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise MarkerError(f"{END!r} stands before {BEGIN!r}")
    return f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}"
