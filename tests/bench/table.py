"""Rows as a Markdown table."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench.machine import Machine
    from tests.bench.rows import Row

HEAD = (
    "| figure | target | min / median / max | met | peers |",
    "|---|---|---|---|---|",
)
VERDICTS = {True: "yes", False: "**no**", None: ""}


def page(machine: Machine, rows: Iterable[Row], day: str) -> str:
    """The machine, the table and the remarks, ready for a document."""
    held = list(rows)
    lines = [f"Measured on {day}: {machine.sentence}", "", *HEAD, *map(_line, held)]
    remarks = [f"- {row.figure}: {row.remark}" for row in held if row.remark]
    return "\n".join([*lines, *(["", *remarks] if remarks else [])]) + "\n"


def _line(row: Row) -> str:
    target = "" if row.target is None else f"<= {number(row.target)} {row.unit}"
    return f"| {row.figure} | {target} | {_measured(row)} | {VERDICTS[row.is_met]} | {row.peers} |"


def _measured(row: Row) -> str:
    values = row.values
    if not values:
        return "not measured"
    if len(values) == 1:
        return f"{number(values[0])} {row.unit}".rstrip()
    return f"{number(min(values))} / {number(median(values))} / {number(max(values))} {row.unit}".rstrip()


def number(value: float) -> str:
    """Three digits that count, no exponent."""
    if value == 0:
        return "0"
    for bound, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if abs(value) >= bound:
            return _trimmed(f"{value:.{digits}f}")
    return _trimmed(f"{value:.4f}")


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
