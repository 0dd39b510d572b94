"""What the ledger knows of the clock that it was written by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.metering.clock import SECOND
from exporter.metering.clock_repair import Reckoning
from exporter.metering.spreading import SLOT_SECONDS

if TYPE_CHECKING:
    import sqlite3

_NOTHING = (1, 0)

RECKONING = "clock:interface"
"""State: what is known of the clock, as JSON."""


class HeldClock(NamedTuple):
    """The time (UTC seconds) that is beyond doubt, and where rows lie that a wrong clock has booked."""

    sure: int
    misplaced: tuple[int, int] = _NOTHING


def held_reckoning(connection: sqlite3.Connection) -> Reckoning | None:
    """What is known of the clock since the last boot or step; None of an older version."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (RECKONING,)).fetchone()
    try:
        held: dict[str, Any] = json.loads(row[0]) if row else {}
        return Reckoning(**held) if held and all(isinstance(value, int) for value in held.values()) else None
    except (ValueError, TypeError, AttributeError):  # damaged
        return None


def held_clock(connection: sqlite3.Connection, now: int) -> HeldClock:
    """The clock of the last posting; a ledger without one, or of an older version, does not doubt `now`."""
    row = connection.execute("SELECT wall, elapsed FROM meter ORDER BY posting DESC, wall DESC").fetchone()
    reckoning = held_reckoning(connection) if row else None
    if reckoning is None:
        return HeldClock(now)
    last = row[0] // SECOND
    misplaced = (
        (reckoning.began // SLOT_SECONDS * SLOT_SECONDS, reckoning.latest(last)) if reckoning.is_wrong else _NOTHING
    )
    return HeldClock(last - reckoning.doubt_at(row[1] // SECOND), misplaced)
