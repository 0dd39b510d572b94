"""Subjects: what a meter measures."""

from __future__ import annotations

from typing import NamedTuple


class Subject(NamedTuple):
    """A meter's name and one value per dimension of its spec; the key of every total, row and incident."""

    meter: str
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        """The key in words; the only dimension of a meter that has one."""
        return " ".join(self.key)
