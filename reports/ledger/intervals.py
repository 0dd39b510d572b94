"""The ledger by interval: bytes of equal steps of time, since when they are kept, and where nobody looked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.periods import SLOT_SECONDS, Period, day_numbered, day_of, day_start
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.selection import MACHINE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from reports.calendar.spans import Span
    from reports.ledger.reader import LedgerReader
    from reports.ledger.rows import UnpostedRow
    from reports.ledger.selection import Selection

MINUTE_SECONDS = 60
ENDLESS = 2**62


class Grain(NamedTuple):
    """Rows of one size: the view that has them, their length in seconds, and their estimated bytes in SQL."""

    view: str
    seconds: int
    estimated: str


MINUTES = Grain("usage_by_minute", MINUTE_SECONDS, "0")
SLOTS = Grain("usage_by_slot", SLOT_SECONDS, "sum(estimated_bytes)")


class Gaps:
    """Where nobody looked in a span; gaps that touch are one."""

    def __init__(self, ledger: LedgerReader, span: Span) -> None:
        """Read them once."""
        self._begun: list[int] = []
        self._ended: list[int] = []
        for gap in ledger.gaps(*span):
            if self._ended and gap.began <= self._ended[-1]:
                self._ended[-1] = max(self._ended[-1], gap.ended)
            else:
                self._begun.append(gap.began)
                self._ended.append(gap.ended)

    def hold(self, start: int, end: int) -> bool:
        """Whether nobody looked from `start` to `end` (UTC seconds)."""
        number = bisect_right(self._begun, start) - 1
        return number >= 0 and self._ended[number] >= end

    def count_steps(self, span: Span, step: int, moved: Collection[int]) -> int:
        """How many whole steps of `span` nobody watched, those whose number is in `moved` left out."""
        used, found = sorted(moved), 0
        for began, ended in zip(self._begun, self._ended, strict=True):
            first, last = -(-max(began, span.start) // step), min(ended, span.end) // step
            if first < last:
                found += last - first - (bisect_left(used, last) - bisect_left(used, first))
        return found


def by_step(
    ledger: LedgerReader,
    grain: Grain,
    span: Span,
    step: int,
    selection: Selection = MACHINE,
    *,
    shift: int = 0,
    cycle: int = ENDLESS,
) -> dict[int, Bytes]:
    """Bytes of the rows that begin in `span`, by `(started + shift) // step % cycle`.

    Steps without a row are left out.
    """
    # Rows come in the order of time, so that only longer steps than theirs are sorted.
    group = "started" if step == grain.seconds else "number"
    rows = ledger.select(
        "(started + :shift) / :step % :cycle AS number, "
        f"sum(receive_bytes), sum(transmit_bytes), {grain.estimated}, max(peak_speed)",
        grain.view,
        f"AND started >= :start AND started < :end GROUP BY {group}",
        selection=selection,
        shift=shift,
        cycle=cycle,
        step=step,
        start=span.start,
        end=span.end,
    )
    found = {number: Bytes(*amounts) for number, *amounts in rows}
    for row in _waiting(ledger, grain, selection):
        if span.start <= row.started < span.end:
            number = (row.started + shift) // step % cycle
            found[number] = found.get(number, NO_BYTES).plus(row.bytes)
    return found


def first_day(ledger: LedgerReader, selection: Selection = MACHINE) -> date | None:
    """The first day of the story: of the first usage (imported history, perhaps), or when counting began; else None."""
    days = [_first_used_day(ledger, selection)]
    seen = ledger.first_seen(selection)
    if seen is not None:
        days.append(day_of(seen, ledger.zone))
    return min((day for day in days if day is not None), default=None)


def counting_began(ledger: LedgerReader, selection: Selection = MACHINE) -> int | None:
    """When counting began (UTC seconds), or the first day of older, imported history; None in an empty ledger."""
    day, seen = first_day(ledger, selection), ledger.first_seen(selection)
    if day is None or (seen is not None and day_of(seen, ledger.zone) <= day):
        return seen
    return day_start(day, ledger.zone)


def kept_since(ledger: LedgerReader, grain: Grain, selection: Selection = MACHINE) -> int | None:
    """Since when (UTC seconds) every row of this grain is kept; None where there is none.

    That is when counting began or, where older rows have been deleted, the oldest that is left.
    """
    oldest, seen = _oldest(ledger, grain, selection), ledger.first_seen(selection)
    if oldest is None or seen is None:
        return oldest
    return seen if seen >= oldest or _is_whole(ledger, grain, oldest, selection) else oldest


def _is_whole(ledger: LedgerReader, grain: Grain, oldest: int, selection: Selection) -> bool:
    """Whether nothing before the oldest row was deleted: the larger unit around it is the first, and holds no more."""
    if grain is SLOTS:
        day = day_of(oldest, ledger.zone)
        period = Period.day(day, ledger.zone)
        used = ledger.days(day, day, selection).get(day, NO_BYTES)
        slots = ledger.slots(period.start, period.end, selection)
        return _first_used_day(ledger, selection) == day and used.total == slots.total
    slot = oldest // SLOT_SECONDS * SLOT_SECONDS
    if _oldest(ledger, SLOTS, selection) != slot or not _is_whole(ledger, SLOTS, slot, selection):
        return False
    end = slot + SLOT_SECONDS
    return ledger.minutes(slot, end, selection).total == ledger.slots(slot, end, selection).total


def _first_used_day(ledger: LedgerReader, selection: Selection) -> date | None:
    posted = next(ledger.select("min(day)", "usage_by_day", selection=selection))[0]
    days = [] if posted is None else [day_numbered(posted)]
    days.extend(day_of(row.started, ledger.zone) for row in ledger.waiting(selection).slots)
    return min(days, default=None)


def _oldest(ledger: LedgerReader, grain: Grain, selection: Selection) -> int | None:
    # From when it was first seen: else all rows of a thousand others would be read before those of a new interface.
    seen = (ledger.first_seen(selection) or 0) // SLOT_SECONDS * SLOT_SECONDS
    rest = "AND started >= :seen ORDER BY started LIMIT 1"
    posted = next(ledger.select("started", grain.view, rest, selection=selection, seen=seen), None)
    begun = [row.started for row in _waiting(ledger, grain, selection)]
    return min([*(posted or ()), *begun], default=None)


def _waiting(ledger: LedgerReader, grain: Grain, selection: Selection) -> Sequence[UnpostedRow]:
    waiting = ledger.waiting(selection)
    return waiting.slots if grain is SLOTS else waiting.minutes
