"""Print answers: JSON, a table for people, plain columns for pipes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

BAR_WIDTH = 24
EIGHTHS = " ▏▎▍▌▋▊▉█"
CONTROL = dict.fromkeys((*range(32), 127, *range(8206, 8208), *range(8234, 8239), *range(8294, 8298)), "?")
"""Control and direction marks in names from outside would let them rewrite the terminal's line."""


def print_json(answer: Any) -> None:
    """Print one JSON document, indented for people, and for programs all the same."""
    import msgspec  # noqa: PLC0415 - 9 ms that a table does not need

    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()
) -> None:
    """Print a table: drawn on a terminal, aligned and bare in a pipe. First column left, others right."""
    safe = [[str(cell).translate(CONTROL) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _draw(title, columns, safe)
    else:
        _align([columns, *safe])
    for note in notes:
        click.echo(note.translate(CONTROL))


def bar(amount: int, largest: int) -> str:
    """A bar as long as the amount is to the largest one; empty in a pipe, where nobody looks."""
    if not sys.stdout.isatty() or largest <= 0:
        return ""
    eighths = amount * BAR_WIDTH * 8 // largest
    whole, part = divmod(eighths, 8)
    return "█" * whole + (EIGHTHS[part] if part else "")


def _align(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *others = (
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join((first, *others)).rstrip())


def _draw(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box  # noqa: PLC0415 - 20 ms that only a terminal needs
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title, title_justify="left", title_style="bold", box=box.ROUNDED, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number and column else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)
