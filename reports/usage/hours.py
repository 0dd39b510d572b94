"""When in the week: bytes by local weekday and hour of day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import HOUR_SECONDS, Span
from reports.calendar.offsets import offset_spans
from reports.ledger.intervals import SLOTS, by_step, kept_since
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import add_up
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

DAYS, HOURS = 7, 24
_AFTER_A_MONDAY = 3 * 86_400
"""1970 began on a Thursday: that many seconds after a Monday's midnight."""


class HoursOfWeek(NamedTuple):
    """Seven weekdays (Monday first) of 24 local hours each; `covered`: since when slots are kept, until now.

    An hour that a clock repeats is counted twice in its cell, one that it skips not at all.
    """

    span: Span
    covered: Span | None
    matrix: list[list[Bytes]]
    total: Bytes

    def by_hour(self) -> list[Bytes]:
        """The weekdays added up: 24 hours of day."""
        return [add_up(column) for column in zip(*self.matrix, strict=True)]


def hours(ledger: LedgerReader, now: float, span: Span, selection: Selection = MACHINE) -> HoursOfWeek:
    """Add up the slots of `span` by local weekday and hour; raises UnknownInterfaceError.

    A slot belongs to the hour that the clock on the wall shows when it begins.
    """
    sums = [NO_BYTES] * (DAYS * HOURS)
    for each in offset_spans(*span, ledger.zone):
        part = Span(each.start, each.end)
        shift = each.offset + _AFTER_A_MONDAY
        found = by_step(ledger, SLOTS, part, HOUR_SECONDS, selection, shift=shift, cycle=len(sums))
        for cell, used in found.items():
            sums[cell] = sums[cell].plus(used)
    matrix = [sums[begin : begin + HOURS] for begin in range(0, len(sums), HOURS)]
    return HoursOfWeek(span, _covered(ledger, now, span, selection), matrix, add_up(sums))


def _covered(ledger: LedgerReader, now: float, span: Span, selection: Selection) -> Span | None:
    since = kept_since(ledger, SLOTS, selection)
    if since is None:
        return None
    covered = Span(max(span.start, since), min(span.end, int(now)))
    return covered if covered.start < covered.end else None
