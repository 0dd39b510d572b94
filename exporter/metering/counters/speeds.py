"""Speeds of both directions, in bytes per second."""

from __future__ import annotations

from typing import NamedTuple


class Speeds(NamedTuple):
    """Received, transmitted, and both together (peaks of these need not coincide)."""

    receive: int = 0
    transmit: int = 0
    total: int = 0


NO_SPEED = Speeds()
