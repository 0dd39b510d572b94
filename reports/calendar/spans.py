"""Spans of time."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """[start, end) in UTC seconds."""

    start: int
    end: int
