"""A document whose middle is replaced: what stands between two marker comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

BEGIN = "<!-- figures: written by make bench -->"
END = "<!-- end of figures -->"
RUN = re.compile(r"^(?=Measured on )", re.MULTILINE)
"""Where the figures of one run begin."""
HEAD_LINES = 2


class MarkerError(Exception):
    """The document has no place for the figures, or more than one."""


def replaced(text: str, figures: str) -> str:
    """Put the figures between the markers; raises MarkerError."""
    before, _, after = _cut(text)
    return f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}"


def renewed(text: str, figures: str, names: Collection[str]) -> str:
    """Put the figures of these names behind the others, and take away what was told of them; raises MarkerError."""
    others = (_without(run, names) for run in RUN.split(_cut(text)[1]))
    return replaced(text, "\n\n".join([*(run.strip() for run in others if _has_rows(run)), figures.strip()]))


def _cut(text: str) -> tuple[str, str, str]:
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise MarkerError(f"expected one line {BEGIN!r} and one line {END!r}")
    before, _, rest = text.partition(BEGIN)
    figures, found, after = rest.partition(END)
    if not found:
        raise MarkerError(f"{END!r} stands before {BEGIN!r}")
    return before, figures, after


def _without(run: str, names: Collection[str]) -> str:
    told = tuple(start for name in names for start in (f"| {name} |", f"- {name}: "))
    return "".join(line for line in run.splitlines(keepends=True) if not line.startswith(told))


def _has_rows(run: str) -> bool:
    return sum(line.startswith("|") for line in run.splitlines()) > HEAD_LINES
