"""Print answers: JSON, a table for people, plain columns for pipes."""

from __future__ import annotations

import os
import sys
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from exporter.terminal.amounts import UNKNOWN
from exporter.terminal.width import padded, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

WIDEST_BAR = 24
NARROWEST_BAR = 4
EIGHTHS = " ▏▎▍▌▋▊▉█"
BORDER = 3
"""Width of a column beside its text: a line and two spaces; one more line ends the table."""
CONTROL = dict.fromkeys((*range(32), *range(127, 160), *range(8206, 8208), *range(8234, 8239), *range(8294, 8298)), "?")
"""Control and direction marks: in names from outside they could rewrite the line of a terminal."""
USUAL_WIDTH = 80
GAP = 2
"""Between columns without a frame."""
NARROWEST_TEXT = 24
"""Narrowest column of sentences."""


class TextTable(NamedTuple):
    """Rows of text under columns; without column names it is a list of facts, two columns.

    Columns whose number is in `left` begin at their left edge, all others end at their right one. `bars` are
    amounts, one a row, drawn to scale on a terminal; None leaves a row without.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[int] = frozenset({0})
    bars: Sequence[int | None] = ()


def print_json(answer: Any) -> None:
    """Print an indented JSON document."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def print_table(table: TextTable, notes: Sequence[str] = ()) -> None:
    """Print a table: drawn on a terminal that has the room, aligned and bare in a pipe.

    On a narrower one it is bare, its last column of text broken between words, or a block of lines for each row.
    """
    rows = [[printable(cell) for cell in row] for row in table.rows]
    safe = table._replace(title=table.title.translate(CONTROL), rows=rows)
    widths = [max(map(text_width, cells)) for cells in zip(*_lines(safe), strict=True)]
    room = terminal_width() - sum(widths) - BORDER * len(widths) - 1
    if not sys.stdout.isatty():
        _align(safe, widths)
    elif room >= 0:
        _drawing().draw_table(safe, min(room - BORDER, WIDEST_BAR))
    else:
        click.secho("\n".join(wrapped(safe.title)), bold=True)
        _squeeze(safe, widths)
    for note in notes:
        print_sentence(note.translate(CONTROL))


def printable(text: str) -> str:
    """The text without what could rewrite a terminal's line, and without what the output's encoding lacks of ours."""
    return _writable(text.translate(CONTROL))


def print_sentence(text: str, indent: str = "") -> None:
    """Print a sentence: on a terminal it is broken between words, and goes on behind `indent`."""
    click.echo("\n".join(wrapped(text, indent)))


def wrapped(text: str, indent: str = "", width: int = 0) -> list[str]:
    """Lines that fit the terminal; elsewhere, and for a single long word, one line."""
    width = width or terminal_width()
    if not sys.stdout.isatty() or len(text) <= width:
        return [text]
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def bar(amount: int, largest: int, width: int) -> str:
    """A bar as long as the amount is to the largest one, to an eighth of a character."""
    whole, part = divmod(amount * width * 8 // max(largest, 1), 8)
    return "█" * whole + (EIGHTHS[part] if part else "")


def _lines(table: TextTable) -> list[Sequence[str]]:
    return [*([table.columns] if any(table.columns) else []), *table.rows]


def is_unicode() -> bool:
    """Whether the output is UTF."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _writable(cell: str) -> str:
    return cell if is_unicode() else cell.replace(UNKNOWN, "-")


def terminal_width() -> int:
    """Columns of the terminal. Not shutil's: importing that costs a command 2 ms."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError):
        return USUAL_WIDTH


def _align(table: TextTable, widths: Sequence[int]) -> None:
    for line in _lines(table):
        cells = (
            padded(cell, width, is_left=column in table.left)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())


def _squeeze(table: TextTable, widths: Sequence[int]) -> None:
    """Print a table that is too wide for its frame."""
    *others, last = widths
    room = terminal_width() - sum(others) - GAP * len(others)
    if last <= room:
        _align(table, widths)
    elif len(widths) - 1 in table.left and room >= max(NARROWEST_TEXT, *map(_longest_word, table.rows)):
        _align(table._replace(rows=[line for row in table.rows for line in _broken(row, room)]), [*others, room])
    else:
        for row in table.rows:
            _print_block(table.columns, row)


def _longest_word(row: Sequence[str]) -> int:
    return max(map(len, row[-1].split()), default=0)


def _broken(row: Sequence[str], room: int) -> list[Sequence[str]]:
    *others, last = row
    first, *rest = wrapped(last, width=room)
    return [(*others, first), *((*("" for _ in others), line) for line in rest)]


def _print_block(columns: Sequence[str], row: Sequence[str]) -> None:
    """Print one row as lines: its first cell, and below it the others with their names."""
    if not columns:
        label, value = row
        line = f"{label}: {value}"
        click.echo(line if len(line) <= terminal_width() else f"{label}:\n" + "\n".join(wrapped(f"  {value}", "  ")))
        return
    print_sentence(f"{columns[0]}: {row[0]}" if columns[0] else row[0])
    for name, cell in zip(columns[1:], row[1:], strict=True):
        print_sentence(f"  {name}: {cell}".rstrip(), "    ")
    click.echo()


def _drawing() -> ModuleType:
    from exporter.terminal import drawing  # noqa: PLC0415 - rich costs 20 ms, and only a terminal needs it

    return drawing
