"""Instants of past samples, and the count at each: the ends of slots as long as they are kept, else midnights."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS, Span
from reports.ledger.amounts import Rows, every_slot, first_time
from reports.ledger.columns import by_subject
from reports.ledger.intervals import Gaps
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from reports.ledger.reader import LedgerReader
    from reports.past.days import Calendar, PastInterface

Slots = dict[str, list[tuple[int, int]]]
"""By interface: the starts of slots (UTC seconds, in order), and their amounts."""


class DaySamples(NamedTuple):
    """Instants of one local day (after its midnight, up to and with the next), and the lifetime's count at each.

    The first instant of all, with a count of 0, may be the midnight itself. Of a day that is not known there is its end
    alone, where an imported span ends with it.
    """

    day: int
    times: Sequence[int]
    totals: Sequence[int]
    is_known: bool = True


class DaySampler:
    """Samples of the days that a window touches."""

    def __init__(self, ledger: LedgerReader, calendar: Calendar, window: Span) -> None:
        """Reads the gaps of these days."""
        self._ledger, self._calendar = ledger, calendar
        self.days = range(calendar.at(window.start - 1), calendar.at(window.end - 1) + 1)
        self._whole = Span(calendar.start(self.days.start), calendar.start(self.days.stop))
        self._every = ledger.every_interface()
        oldest = first_time(ledger, every_slot(self._every))
        self._slots_since = self.days.stop if oldest is None else calendar.at(oldest)
        gaps = Gaps(ledger, self._whole, self._every)
        ends = range(self._whole.start + SLOT_SECONDS, self._whole.end + 1, SLOT_SECONDS)
        self._in_gaps = frozenset(end for end in ends if gaps.hold(end - SLOT_SECONDS, end))

    def slots(self, count: int) -> Slots:
        """Slots in which a count grew, of every interface."""
        rows = Rows(self._every, "slot", *self._whole)
        found = by_subject(self._ledger, rows, (INTERFACE.sums[count],))
        return {
            device: [slot for slot in zip(starts, amounts, strict=True) if slot[1]]
            for (device,), (starts, amounts) in found.items()
        }

    def sample(self, interface: PastInterface, count: int, slots: Slots) -> Iterator[DaySamples]:
        """The days of one interface, those without an instant left out."""
        rows, place = slots.get(interface.name, []), 0
        first = self._calendar.at(interface.begins)
        for day in self.days:
            span = Span(self._calendar.start(day), self._calendar.start(day + 1))
            begin = place
            while place < len(rows) and rows[place][0] < span.end:
                place += 1
            if span.start == span.end or day < first:
                continue
            before, after = interface.before(count, day), interface.before(count, day + 1)
            is_known, step = interface.knows(day), interface.step(count, day) if interface.spans else 0
            times, totals = [span.end], array("q", [after])
            in_slots = sum(amount for _, amount in rows[begin:place])
            if not is_known and not any(one.last == day for one in interface.spans):
                times, totals = [], array("q")
            elif is_known and day >= self._slots_since and in_slots == after - before - step:
                times, totals = _by_slot(span, before, rows[begin:place])
                totals[-1] = after
            times, totals = self._kept(interface, times, totals) if times else (times, totals)
            if day == first:
                times, totals = [interface.begins, *times], array("q", [0, *totals])
            if times:
                yield DaySamples(day, times, totals, is_known)

    def _kept(self, interface: PastInterface, times: list[int], totals: array[int]) -> tuple[list[int], array[int]]:
        """The instants at which the interface had samples; a gap has none, but for the end of the day."""
        if interface.begins < times[0] and times[-1] <= interface.ends and self._in_gaps.isdisjoint(times):
            return times, totals
        kept = [
            place
            for place, time in enumerate(times)
            if interface.begins < time <= interface.ends and (time == times[-1] or time not in self._in_gaps)
        ]
        return [times[place] for place in kept], array("q", [totals[place] for place in kept])


def added_slots(slots: Slots, interfaces: Collection[str]) -> list[tuple[int, int]]:
    """Slots of these interfaces, added up."""
    found: dict[int, int] = {}
    for interface in interfaces:
        for started, amount in slots.get(interface, []):
            found[started] = found.get(started, 0) + amount
    return sorted(found.items())


def _by_slot(day: Span, before: int, rows: Sequence[tuple[int, int]]) -> tuple[list[int], array[int]]:
    """The end of every slot of a day, and the count at each."""
    amounts = [0] * ((day.end - day.start) // SLOT_SECONDS)
    for started, amount in rows:
        amounts[(started - day.start) // SLOT_SECONDS] = amount
    times = list(range(day.start + SLOT_SECONDS, day.end + 1, SLOT_SECONDS))
    return times, array("q", accumulate(amounts, initial=before))[1:]
