"""How tables mark what was imported: an asterisk at a row's name, and a note of how much it is in all."""

from __future__ import annotations

from exporter.terminal.amounts import bytes_text

MARK = "*"


def marked(name: str, imported_bytes: int) -> str:
    """The name of a row, with the mark where something of it was imported."""
    return f"{name}{MARK}" if imported_bytes else name


def marked_title(title: str, imported: int) -> str:
    """The title of a table without notes, which says what the mark is where one of its rows has it."""
    return f"{title} ({MARK} imported)" if imported else title


def imported_note(imported_bytes: int) -> list[str]:
    """A note of a single amount; none where nothing of it was imported."""
    return [f"{bytes_text(imported_bytes)} of it imported"] if imported_bytes else []


def across_note(imported_bytes: int, ends: str) -> list[str]:
    """A note of imported bytes that reach over the ends of something; none without any."""
    if not imported_bytes:
        return []
    return [f"{bytes_text(imported_bytes)} imported across the ends of {ends}: it cannot be cut, and is left out"]


def mark_note(imported_bytes: int) -> list[str]:
    """The note of a table with marked rows."""
    return [f"{note} ({MARK})" for note in imported_note(imported_bytes)]
