"""Drawings on a terminal, by rich: tables with bars, and progress bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from exporter.terminal.printing import NARROWEST_BAR, bar, is_unicode, terminal_width

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from exporter.terminal.printing import TextTable


def draw_table(table: TextTable, bar_width: int) -> None:
    """Print a table with lines, and bars where there is room for them."""
    has_bars = any(table.bars) and bar_width >= NARROWEST_BAR and is_unicode()
    drawing = Table(box=box.SIMPLE_HEAD, header_style="bold", show_header=any(table.columns))
    for number, column in enumerate(table.columns or ("", "")):
        drawing.add_column(Text(column), justify="left" if number in table.left else "right", no_wrap=True)
    if has_bars:
        drawing.add_column("", no_wrap=True)
    largest = max((amount for amount in table.bars if amount is not None), default=0)
    amounts = table.bars or [None] * len(table.rows)
    for row, amount in zip(table.rows, amounts, strict=True):
        drawn = bar(amount or 0, largest, bar_width) if has_bars else ""
        drawing.add_row(*map(Text, row), *([Text(drawn, style="cyan")] if has_bars else []))
    console = Console(highlight=False, markup=False, emoji=False, width=terminal_width())
    console.print(Text(table.title, style="bold"))
    console.print(drawing)


def open_bar(title: str, total: float, bars: contextlib.ExitStack) -> Callable[[float], None]:
    """A progress bar on standard error until `bars` is closed; returns what sets the amount done."""
    progress = bars.enter_context(Progress(console=Console(stderr=True), transient=True))
    task = progress.add_task(title, total=total)
    return lambda done: progress.update(task, completed=done)
