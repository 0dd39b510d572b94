"""The words that every problem of a settings file shares: its place, the key as typed, the nearest that exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.settings.rules import clipped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def place_of(path: Path, line: int | None) -> str:
    """Name a line of a file, or the file where no line is to blame."""
    return str(path) if line is None else f"{path}:{line}"


def shown(name: str) -> str:
    """Write a key that a file made up: short, and in one line."""
    return clipped(name if name.isprintable() else repr(name))


def did_you_mean(word: str, candidates: Mapping[str, object]) -> str:
    """Hint at the candidate nearest to a word, or at its value where that is a text; empty where none is near."""
    import difflib  # noqa: PLC0415 - only errors need it

    for near in difflib.get_close_matches(word, candidates, n=1):
        target = candidates[near]
        return f"; did you mean {target if isinstance(target, str) else near}?"
    return ""
