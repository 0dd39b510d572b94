"""The average speed over a window: bytes divided by the time in which somebody looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS
from reports.ledger.reader import Bytes
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

MINUTE = 60


class Bandwidth(NamedTuple):
    """Bytes moved in `seconds` of watching, out of a window of `window_seconds`."""

    bytes: Bytes
    seconds: int
    window_seconds: int


def average(ledger: LedgerReader, now: float, window_seconds: int, selection: Selection = MACHINE) -> Bandwidth:
    """Add up the minutes of the window; time in gaps, and before counting began, is not counted as watched.

    The ledger keeps minutes, so the window survives a restart; of the one that it begins in, its share counts.
    """
    end = int(now)
    since = _since(ledger, end, window_seconds)
    unwatched = sum(
        max(min(gap.ended, end) - max(gap.began, since), 0) for gap in ledger.gaps(since, end, selection.meter)
    )
    moved = _moved(ledger, lambda start, stop: ledger.minutes(start, stop, selection), MINUTE, since, end)
    return Bandwidth(moved, max(end - since - unwatched, 0), window_seconds)


def average_by_slot(ledger: LedgerReader, now: float, window_seconds: int, selection: Selection = MACHINE) -> Bandwidth:
    """Add up the slots of the window, for interfaces whose minutes are not kept.

    A slot holds what was counted across its gaps too, so their time counts.
    """
    end = int(now)
    since = _since(ledger, end, window_seconds)
    moved = _moved(ledger, lambda start, stop: ledger.slots(start, stop, selection), SLOT_SECONDS, since, end)
    return Bandwidth(moved, end - since, window_seconds)


def _moved(ledger: LedgerReader, read: Callable[[int, int], Bytes], step: int, since: int, end: int) -> Bytes:
    """Bytes from `since` to `end`, of rows of `step` seconds; the row that `since` lies in moved evenly."""
    begun = since // step * step
    row_begin, row_end = max(begun, ledger.first_seen() or 0), min(begun + step, end)
    part, whole = max(row_end - since, 0), max(row_end - row_begin, 1)
    first = read(begun, begun + 1)
    share = Bytes(first.received * part // whole, first.sent * part // whole) if since > row_begin else first
    return read(begun + 1, end + 1).plus(share)


def _since(ledger: LedgerReader, end: int, window_seconds: int) -> int:
    """When the window begins, or counting, if that is later."""
    first_seen = ledger.first_seen()
    return end if first_seen is None else min(max(end - window_seconds, first_seen), end)
