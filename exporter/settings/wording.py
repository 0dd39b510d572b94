"""The words that every problem of a settings file shares: its place, the key as typed, the nearest that exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.settings.rules import clipped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def place_of(path: Path, line: int | None) -> str:
    """A line of a file, or the file where a problem has no line."""
    return str(path) if line is None else f"{path}:{line}"


def printable(name: str) -> str:
    """A key that is only in the file: short, and in one line."""
    return clipped(name if name.isprintable() else repr(name))


def did_you_mean(word: str, candidates: Mapping[str, str]) -> str:
    """A hint at the value of the candidate that is nearest to a word; empty where none is near."""
    import difflib  # noqa: PLC0415 - only errors need it

    return "".join(f"; did you mean {candidates[near]}?" for near in difflib.get_close_matches(word, candidates, n=1))
