"""When in the past a count is known, and what it was: at quarter hours as long as they are kept, else at midnights."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS, Span
from reports.ledger.amounts import Rows, first_time
from reports.ledger.columns import by_subject
from reports.ledger.intervals import ENDLESS, Gaps
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from reports.ledger.reader import LedgerReader
    from reports.past.days import Calendar, PastInterface

Slots = dict[str, list[tuple[int, int]]]
"""By interface: when a quarter hour began (UTC seconds, in order), and its amount."""


class SampleTimes(NamedTuple):
    """Instants of one local day (after its midnight, until and with the next) and the lifetime's count at each.

    The first instant of all, at which nothing has been counted, may be the midnight itself.
    """

    day: int
    times: Sequence[int]
    totals: Sequence[int]


class DaySampler:
    """Knows the instants that a stretch of the past is told at."""

    def __init__(self, ledger: LedgerReader, calendar: Calendar, window: Span) -> None:
        """Looks at the days that `window` touches."""
        self._ledger, self._calendar = ledger, calendar
        self.days = range(calendar.at(window.start - 1), calendar.at(window.end - 1) + 1)
        self._whole = Span(calendar.start(self.days.start), calendar.start(self.days.stop))
        self._every = ledger.every_interface()
        oldest = first_time(ledger, Rows(self._every, "slot", 0, ENDLESS))
        self._slots_since = self.days.stop if oldest is None else calendar.at(oldest)
        gaps = Gaps(ledger, self._whole, self._every)
        ticks = range(self._whole.start + SLOT_SECONDS, self._whole.end + 1, SLOT_SECONDS)
        self._unwatched = frozenset(tick for tick in ticks if gaps.hold(tick - SLOT_SECONDS, tick))

    def slots(self, count: int) -> Slots:
        """Quarter hours in which a count grew, of every interface."""
        rows = Rows(self._every, "slot", *self._whole)
        found = by_subject(self._ledger, rows, (INTERFACE.sums[count],))
        return {
            device: [slot for slot in zip(starts, amounts, strict=True) if slot[1]]
            for (device,), (starts, amounts) in found.items()
        }

    def ticks(self, device: PastInterface, count: int, slots: Slots) -> Iterator[SampleTimes]:
        """The days of one interface, those without an instant left out."""
        rows, place = slots.get(device.name, []), 0
        begun = self._calendar.at(device.begins)
        for day in self.days:
            start, end = self._calendar.start(day), self._calendar.start(day + 1)
            first = place
            while place < len(rows) and rows[place][0] < end:
                place += 1
            if start == end or day < begun:
                continue
            before = device.before(count, day)
            moved = device.before(count, day + 1) - before
            times, totals = [end], array("q", [before + moved])
            if day >= self._slots_since and sum(amount for _, amount in rows[first:place]) == moved:
                times, totals = self._by_slot(Span(start, end), before, rows[first:place])
            ticks = _within(device, times, totals)
            if day == begun:
                ticks = ([device.begins, *ticks[0]], array("q", [0, *ticks[1]]))
            if ticks[0]:
                yield SampleTimes(day, *ticks)

    def _by_slot(self, day: Span, before: int, rows: Sequence[tuple[int, int]]) -> tuple[list[int], array[int]]:
        """The end of every quarter hour that somebody watched, and the end of the day."""
        amounts = [0] * ((day.end - day.start) // SLOT_SECONDS)
        for started, amount in rows:
            amounts[(started - day.start) // SLOT_SECONDS] = amount
        times = list(range(day.start + SLOT_SECONDS, day.end + 1, SLOT_SECONDS))
        totals = array("q", accumulate(amounts, initial=before))[1:]
        if self._unwatched.isdisjoint(times):
            return times, totals
        kept = [place for place, time in enumerate(times) if time == day.end or time not in self._unwatched]
        return [times[place] for place in kept], array("q", [totals[place] for place in kept])


def added_slots(slots: Slots, devices: Collection[str]) -> list[tuple[int, int]]:
    """Quarter hours of these interfaces, added up."""
    found: dict[int, int] = {}
    for device in devices:
        for started, amount in slots.get(device, []):
            found[started] = found.get(started, 0) + amount
    return sorted(found.items())


def _within(device: PastInterface, times: list[int], totals: array[int]) -> tuple[list[int], array[int]]:
    if device.begins < times[0] and times[-1] <= device.ends:
        return times, totals
    kept = [place for place, time in enumerate(times) if device.begins < time <= device.ends]
    return [times[place] for place in kept], array("q", [totals[place] for place in kept])
