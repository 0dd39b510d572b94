"""The word that was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is nearest to another one; None where none is near."""
    import difflib  # noqa: PLC0415 - 1.6 ms of every command, and only a wrong word needs it

    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)
