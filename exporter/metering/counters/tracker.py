"""The tracker: one counter per metered interface; each reading becomes a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.counters import plausibility
from exporter.metering.counters.checkpoints import HeldCounters, MachineBase, ScanState
from exporter.metering.counters.differences import (
    Delta,
    difference,
    doubt,
    fallen,
    first_sight,
    last_difference,
    since_boot,
)
from exporter.metering.counters.events import CounterEvents
from exporter.metering.counters.plausibility import UNKNOWN, Fall
from exporter.metering.counters.previous_names import PreviousNames
from exporter.metering.counters.readings import NOTHING, Counts, Epoch
from exporter.metering.counters.tracked import TrackedCounter, bounds_of
from exporter.metering.postings import MeterCheckpoint
from exporter.metering.samples import Change
from exporter.metering.spreading import MINUTE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from exporter.metering.counters.readings import Reading, Scan
    from exporter.metering.counters.tracked import Bounds
    from exporter.metering.postings import OpeningBalance
    from exporter.metering.samples import SampleInterval
    from exporter.metering.subjects import Subject

REMEMBERED = 1024
"""Interfaces that are gone and whose last reading stays in memory, in case they come back with the same counter."""

NEVER_WRAPS = 64
"""Bits of a counter that does not turn over in a lifetime."""

CONTINUED_ELSEWHERE = Epoch("renamed", 0, 0)
"""Epoch of a counter that goes on elsewhere, under another name or unmetered: not to be counted here again."""


class CounterTracker:
    """Owns the counters of all subjects of one meter."""

    def __init__(self, opening: OpeningBalance, *, count_since_boot: bool, minutes_for_all: bool) -> None:
        """Carry the accounts of the ledger forward."""
        self._count_since_boot, self._minutes_for_all = count_since_boot, minutes_for_all
        held = opening.held if isinstance(opening.held, HeldCounters) else HeldCounters()
        bases = held.scanned.exposed_bases or {}
        self.counters = {
            subject: TrackedCounter.resume(subject, account, held.checkpoints.get(subject), bases.get(subject, NOTHING))
            for subject, account in opening.accounts.items()
        }
        self._place = (opening.sampled.boot_id, held.scanned.namespace) if opening.sampled else None
        self._known = held.scanned.known
        self.counted: frozenset[str] = frozenset()
        self.uplinks: frozenset[str] = frozenset()
        self.dirty: set[Subject] = set()
        self.changed: set[Subject] = set()
        self.dropped: list[Subject] = []
        self.events = CounterEvents()
        self._changes: list[Change] = []
        self._is_foreign = False
        self._previous_names = PreviousNames(self.counters)

    def track(self, scan: Scan, metered: frozenset[str], interval: SampleInterval) -> list[Change]:
        """What was added to every metered counter of this scan since its last reading."""
        at = interval.ended // SECOND
        counters = self.counters
        self._changes = []
        self._previous_names = PreviousNames(counters)
        for reading in scan.readings:
            subject = reading.subject
            if subject.name not in metered:
                continue
            counter = counters.get(subject)
            if counter is not None and counter.is_idle(reading):
                counter.is_present = reading.is_present
                continue
            if counter is None:
                counter = counters[subject] = TrackedCounter(subject, at)
                counter.judge(is_counted=subject.name in self.counted, is_uplink=subject.name in self.uplinks)
                self.changed.add(subject)
            elif not counter.is_present:  # the ledger may have folded it meanwhile
                self.changed.add(subject)
            self._track_reading(counter, reading, scan, interval)
        self._is_foreign = False
        self._place = (scan.boot_id, scan.namespace)
        self._known = frozenset(link.index for link in scan.links.values())
        return self._changes

    def rename_boot(self, old: str, new: str) -> None:
        """A boot that goes on calls itself by another id: so do the epochs of its counters."""
        for counter in self.counters.values():
            if counter.epoch is not None and counter.epoch.boot_id == old:
                counter.epoch = counter.epoch._replace(boot_id=new)
                self.dirty.add(counter.subject)
        if self._place is not None:
            self._place = (new, self._place[1])

    def begin_at_baselines(self) -> None:
        """Begin every counter at a baseline: the next scan is not of this ledger's machine."""
        self._is_foreign, self._place = True, None
        for counter in self.counters.values():
            counter.epoch = CONTINUED_ELSEWHERE
            self.dirty.add(counter.subject)

    def shift(self, place: Callable[[int, int], int] | None) -> None:
        """Move every instant to where a clock that was set puts it; None leaves them."""
        if place is None:
            return
        for counter in self.counters.values():
            if counter.shift(place):
                self.dirty.add(counter.subject)
                self.changed.add(counter.subject)

    def mark_absent(self, present: frozenset[str], at: int) -> None:
        """Note which counters have ended; only the newest of those that do not count are kept."""
        ended = [counter for counter in self.counters.values() if counter.is_present and counter.name not in present]
        for counter in ended:
            counter.is_present = False
            counter.forget_rates()
            counter.last_seen = at
            self.changed.add(counter.subject)
        self._forget_the_oldest()

    def release_unmetered(self, scan: Scan, metered: frozenset[str]) -> None:
        """What is there and not metered is none of ours: should it be metered again, it begins at a baseline."""
        unmetered = {
            Epoch(scan.boot_id, scan.namespace, link.index) for name, link in scan.links.items() if name not in metered
        }
        for counter in self.counters.values():
            if counter.epoch in unmetered:
                self._release(counter, counter.epoch)

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Drop counters that are still gone."""
        for subject in subjects:
            counter = self.counters.get(subject)
            if counter is not None and not counter.is_present:
                self._drop(counter)

    def checkpoint(self, exposed_bases: Mapping[Subject, Counts] | None, machine_base: MachineBase) -> MeterCheckpoint:
        """Facts and checkpoints of all counters that changed since the last call."""
        facts = {subject: self.counters[subject].facts for subject in self.changed}
        held = {subject: self.counters[subject].checkpoint() for subject in self.dirty}
        self.changed, self.dirty = set(), set()
        scanned = ScanState(self._place[1] if self._place else 0, self._known, exposed_bases, machine_base)
        return MeterCheckpoint(facts, {subject: kept for subject, kept in held.items() if kept}, scanned)

    def _track_reading(self, counter: TrackedCounter, reading: Reading, scan: Scan, interval: SampleInterval) -> None:
        at = interval.ended // SECOND
        link = scan.links.get(reading.subject.name)
        bounds = bounds_of(counter, link, interval.seconds, is_gap=bool(interval.gap))
        self.events.note_unreadable(counter, plausibility.unreadable(reading.counts), at)
        if counter.epoch == reading.epoch and reading.announced is None:
            delta, counts = self._continue(counter, reading, bounds, interval)
        else:
            delta, counts = self._begin(counter, reading, bounds, scan, interval)
        self.events.note(counter, delta, at)
        counter.read(reading._replace(counts=counts), at)
        self.dirty.add(reading.subject)
        if any(delta.counts):
            self._enter(counter, delta.counts, interval, is_since_boot=delta.cause == "boot")

    def _continue(
        self, counter: TrackedCounter, reading: Reading, bounds: Bounds, interval: SampleInterval
    ) -> tuple[Delta, Counts]:
        before, after = plausibility.readable(counter.counts, reading.counts)
        before, after = self._judge_a_fall(counter, before, after, reading, bounds, interval)
        delta = self._difference(counter, before, reading._replace(counts=after), bounds, interval)
        counter.rebase(after, delta)
        return delta, after

    def _judge_a_fall(
        self,
        counter: TrackedCounter,
        before: Counts,
        after: Counts,
        reading: Reading,
        bounds: Bounds,
        interval: SampleInterval,
    ) -> tuple[Counts, Counts]:
        """Let what falls far wait for the next scan: it was reset if it falls again, and slipped if it comes back."""
        speed, seconds, _ = bounds
        fall, counter.fall = counter.fall, None
        # What showed too little once, and is below what it was, has not turned over since, however long ago that is.
        bits = reading.counter_bits if fall is None else NEVER_WRAPS
        fell = fallen(before, after, counter_bits=bits, speed=speed, seconds=seconds)
        at = interval.ended // SECOND
        if fall is not None:
            blind = plausibility.without_bytes(reading.counts)
            if reading.is_present and any(blind[side] and fall.sides[side] for side in (0, 1)):
                counter.fall = fall._replace(seconds=seconds)
                return before, plausibility.instead(after, before, fall.sides)
            if not any(ours and theirs for ours, theirs in zip(fall.sides, fell, strict=True)):
                self.events.note_slip(counter, at)
            else:
                after = plausibility.since_reset(after, reading.counts, fall.sides)
            return plausibility.settled(before, after, fall, fell, is_last=not reading.is_present)
        is_watched = reading.is_present and not interval.gap
        if is_watched and any(fell) and plausibility.needs_a_second_scan(before, fell, speed, seconds):
            counter.fall = Fall(fell, after, seconds)
            self.events.note_fall(counter, sum(after[side] for side in (0, 1) if fell[side]), at)
            return before, plausibility.instead(after, before, fell)
        return before, plausibility.since_reset(after, reading.counts, fell)

    def _difference(
        self, counter: TrackedCounter, before: Counts, reading: Reading, bounds: Bounds, interval: SampleInterval
    ) -> Delta:
        speed, seconds, most = bounds
        compare = difference if reading.is_present else last_difference
        bits = reading.counter_bits
        delta = compare(before, reading.counts, counter_bits=bits, speed=speed, seconds=seconds, most=most)
        if bits == 32:  # noqa: PLR2004 - the width of a counter
            is_gap = bool(interval.gap)
            reason = doubt(before, reading.counts, speed=speed, seconds=seconds, is_gap=is_gap)
            if reason:
                self.events.note_doubt(counter, delta.counts.bytes, reason, interval.ended // SECOND)
        return delta

    def _begin(
        self, counter: TrackedCounter, reading: Reading, bounds: Bounds, scan: Scan, interval: SampleInterval
    ) -> tuple[Delta, Counts]:
        """The first reading of an epoch: what of it was moved under our eyes, and what lived before us."""
        previous = self._previous_names.of(reading.epoch)
        is_renamed = previous is not None and reading.announced is None
        past = previous.counts if previous is not None and is_renamed else reading.announced
        before, after = plausibility.readable(past or NOTHING, reading.counts)
        counter.fall = previous.fall if previous is not None and is_renamed else None
        if previous is not None and is_renamed:
            before, after = self._judge_a_fall(counter, before, after, reading, bounds, interval)
            delta = self._difference(counter, before, reading._replace(counts=after), bounds, interval)
            self._release(previous.counter, reading.epoch)
        elif self._is_foreign:
            delta = Delta(NOTHING, "baseline")
        elif (interval.is_first_ever and self._count_since_boot) or interval.is_new_boot:
            before, after = plausibility.readable(NOTHING, reading.counts)
            delta = since_boot(after, seconds=bounds.seconds, most=bounds.most)
        elif interval.is_first_ever or (reading.announced is None and self._was_there_unmetered(reading, scan)):
            delta = Delta(NOTHING, "baseline")
        elif reading.announced is not None:
            delta = self._difference(counter, before, reading._replace(counts=after), bounds, interval)
        elif "receive_bytes" in counter.unreadable or "transmit_bytes" in counter.unreadable:
            delta = Delta(NOTHING, "baseline")
        else:
            delta = first_sight(after, speed=bounds.speed, seconds=bounds.seconds)
        if delta.cause == "baseline":
            after = plausibility.readable(UNKNOWN, reading.counts)[1]
        counter.begin_epoch(reading._replace(counts=after), delta, interval.ended // SECOND)
        counter.forget_rates()
        return delta, after

    def _release(self, previous: TrackedCounter, epoch: Epoch) -> None:
        """Its counter goes on under another name; it may itself have taken over another one already."""
        if previous.epoch == epoch:
            previous.epoch = CONTINUED_ELSEWHERE
            self.dirty.add(previous.subject)

    def _was_there_unmetered(self, reading: Reading, scan: Scan) -> bool:
        return self._place == (scan.boot_id, scan.namespace) and reading.epoch.index in self._known

    def _enter(self, counter: TrackedCounter, counts: Counts, interval: SampleInterval, *, is_since_boot: bool) -> None:
        """Report a delta: of a gap, or of the time since a boot, as estimated."""
        counter.gain(counts)
        is_estimated = bool(interval.gap) or is_since_boot
        if is_estimated:
            counter.forget_rates()
        by_minute = counter.is_counted or self._minutes_for_all
        counter.booked_minute = (interval.ended - 1) // (MINUTE_SECONDS * SECOND) * MINUTE_SECONDS
        self._changes.append(Change(counter.subject, counts, is_estimated, by_minute))

    def _forget_the_oldest(self) -> None:
        """Bound the memory of what has gone; the ledger keeps their usage."""
        gone = [counter for counter in self.counters.values() if not counter.is_present and not counter.is_counted]
        if len(gone) <= REMEMBERED:
            return
        gone.sort(key=lambda counter: counter.read_at)
        for counter in gone[:-REMEMBERED]:
            if counter.subject not in self.dirty and counter.subject not in self.changed:
                self._drop(counter)

    def _drop(self, counter: TrackedCounter) -> None:
        del self.counters[counter.subject]
        self.dirty.discard(counter.subject)
        self.changed.discard(counter.subject)
        self.dropped.append(counter.subject)
        self.events.forget(counter.name)
