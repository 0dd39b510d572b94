"""The average speed over a window: bytes divided by the time in which somebody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.periods import SLOT_SECONDS

if TYPE_CHECKING:
    from reports.ledger_reader import Bytes, LedgerReader

MINUTE = 60


class Bandwidth(NamedTuple):
    """Bytes moved in `seconds` of watching, out of a window of `window_seconds`."""

    bytes: Bytes
    seconds: int
    window_seconds: int


def average(ledger: LedgerReader, now: float, window_seconds: int, device: str | None = None) -> Bandwidth:
    """Add up the minutes of the window; time in gaps, and before counting began, is not counted as watched.

    The ledger keeps minutes, so the window survives a restart; it begins at a whole minute.
    """
    ledger.require_interface(device)
    end = int(now)
    start = -(-(end - window_seconds) // MINUTE) * MINUTE
    first_seen = ledger.first_seen()
    watched_since = end if first_seen is None else max(start, first_seen)
    unwatched = sum(
        max(min(gap.ended, end) - max(gap.began, watched_since), 0) for gap in ledger.gaps(watched_since, end)
    )
    seconds = max(end - watched_since - unwatched, 0)
    return Bandwidth(ledger.minutes(start, end + MINUTE, device), seconds, window_seconds)


def average_by_slot(ledger: LedgerReader, now: float, window_seconds: int, device: str | None = None) -> Bandwidth:
    """Add up the slots of the window, for interfaces whose minutes are not kept.

    It begins at a whole slot, a quarter hour early at most. A slot holds what was counted across its gaps too, so
    their time counts.
    """
    ledger.require_interface(device)
    end = int(now)
    start = (end - window_seconds) // SLOT_SECONDS * SLOT_SECONDS
    first_seen = ledger.first_seen()
    counted_since = end if first_seen is None else max(start, first_seen)
    return Bandwidth(ledger.slots(start, end + 1, device), max(end - counted_since, 0), window_seconds)
