"""The average speed over a window: bytes divided by the time in which the meter sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import Span
from reports.ledger.amounts import Rows, total
from reports.ledger.intervals import MINUTES, Grain
from reports.ledger.rows import Bytes
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


class Bandwidth(NamedTuple):
    """Bytes of `seconds` in which the meter sampled, out of a window of `window_seconds`."""

    bytes: Bytes
    seconds: int
    window_seconds: int


def average(
    ledger: LedgerReader, now: float, window_seconds: int, selection: Selection = MACHINE, grain: Grain = MINUTES
) -> Bandwidth:
    """The average of a window that ends now, since counting began; slots are for subjects whose minutes are not kept.

    The ledger keeps both, so the window survives a restart. Gaps do not count, except by slots, which hold the bytes
    that were counted across them.
    """
    end = int(now)
    since = _since(ledger, end, window_seconds)
    gaps = ledger.gaps(since, end, selection.meter) if grain is MINUTES else ()
    gap_seconds = sum(max(min(gap.ended, end) - max(gap.began, since), 0) for gap in gaps)
    moved = _moved(ledger, selection, grain, Span(since, end))
    return Bandwidth(moved, max(end - since - gap_seconds, 0), window_seconds)


def _moved(ledger: LedgerReader, selection: Selection, grain: Grain, span: Span) -> Bytes:
    """Bytes of a span; of the row that it begins in, the share of its time."""
    begun = span.start // grain.seconds * grain.seconds
    row_begin, row_end = max(begun, ledger.first_seen() or 0), min(begun + grain.seconds, span.end)
    part, whole = max(row_end - span.start, 0), max(row_end - row_begin, 1)
    first, rest = (
        Bytes(*total(ledger, Rows(selection, grain.name, start, end), selection.byte_columns))
        for start, end in ((begun, begun + 1), (begun + 1, span.end + 1))
    )
    share = Bytes(first.received * part // whole, first.sent * part // whole) if span.start > row_begin else first
    return rest.plus(share)


def _since(ledger: LedgerReader, end: int, window_seconds: int) -> int:
    """The begin of the window or, if that is later, of counting."""
    first_seen = ledger.first_seen()
    return end if first_seen is None else min(max(end - window_seconds, first_seen), end)
