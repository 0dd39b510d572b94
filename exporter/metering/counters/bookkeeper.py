"""The bookkeeper: one life per metered interface; turns each reading into a delta and books it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.counters.differences import (
    Delta,
    difference,
    doubt,
    fallen,
    first_sight,
    last_difference,
    since_boot,
)
from exporter.metering.counters.formers import Formers
from exporter.metering.counters.record import Record
from exporter.metering.counters.taking import (
    UNKNOWN,
    Fall,
    instead,
    needs_a_second_look,
    readable,
    settled,
    since_reset,
    unreadable,
    without_bytes,
)
from exporter.metering.counters.tracked import Life, room_of
from exporter.metering.postings import SubjectFacts
from exporter.metering.readings import NOTHING, Counts, Epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exporter.metering.counters.tracked import Room
    from exporter.metering.journal import Journal
    from exporter.metering.postings import OpeningBalance
    from exporter.metering.readings import Look, Reading, Subject
    from exporter.metering.timeline import Stretch
    from exporter.metering.totals import Totals

REMEMBERED = 1024
"""Interfaces that are gone and whose last reading stays in memory, in case they come back with the same counter."""

NEVER_WRAPS = 64
"""Bits of a counter that does not turn over in a lifetime."""

CONTINUED_ELSEWHERE = Epoch("renamed", 0, 0)
"""Epoch of a life whose counter goes on elsewhere, under another name or unmetered: not to be counted here again."""


class Bookkeeper:
    """Owns the lives of all subjects of one meter."""

    def __init__(
        self,
        *,
        journal: Journal,
        totals: Totals,
        opening: OpeningBalance,
        count_since_boot: bool,
        minutes_for_all: bool,
    ) -> None:
        """Carry the accounts of the ledger forward."""
        self._journal, self._totals = journal, totals
        self._count_since_boot, self._minutes_for_all = count_since_boot, minutes_for_all
        self.lives = {subject: Life.resume(subject, account) for subject, account in opening.accounts.items()}
        state = opening.state
        self._place = (state.boot_id, state.namespace) if state else None
        self._known = state.known if state else frozenset()
        self.counted: frozenset[str] = frozenset()
        self.uplinks: frozenset[str] = frozenset()
        self.dirty: set[Subject] = set()
        self.changed: set[Subject] = set()
        self.record = Record(journal)
        self._is_strange = False
        self._formers = Formers(self.lives)

    def book(self, look: Look, metered: frozenset[str], stretch: Stretch) -> None:
        """Difference every metered reading of this look against its life, and book what was moved."""
        at = stretch.ended // SECOND
        lives = self.lives
        self._formers = Formers(lives)
        for reading in look.readings:
            subject = reading.subject
            if subject.name not in metered:
                continue
            life = lives.get(subject)
            if life is not None and life.is_idle(reading):
                life.is_present = reading.is_present
                continue
            if life is None:
                is_uplink = subject.name in self.uplinks
                facts = SubjectFacts(subject.name in self.counted, is_uplink, at, at)
                life = lives[subject] = Life(subject, facts)
                self.changed.add(subject)
            elif not life.is_present:  # the ledger may have folded it meanwhile
                self.changed.add(subject)
            self._book_reading(life, reading, look, stretch)
        self._is_strange = False
        self._place = (look.boot_id, look.namespace)
        self._known = frozenset(link.index for link in look.links.values())

    def rename_boot(self, old: str, new: str) -> None:
        """A boot that goes on calls itself by another id: so do the epochs of its counters."""
        for life in self.lives.values():
            if life.epoch is not None and life.epoch.boot_id == old:
                life.epoch = life.epoch._replace(boot_id=new)
                self.dirty.add(life.subject)
        if self._place is not None:
            self._place = (new, self._place[1])

    def estrange(self) -> None:
        """What the next look shows is none of this ledger's: every counter begins at a baseline."""
        self._is_strange, self._place = True, None
        for life in self.lives.values():
            life.epoch = CONTINUED_ELSEWHERE
            self.dirty.add(life.subject)

    def shift(self, place: Callable[[int, int], int] | None) -> None:
        """Have every life remember its instants where a clock that was set puts them; None leaves them."""
        if place is None:
            return
        for life in self.lives.values():
            if life.shift(place):
                self.dirty.add(life.subject)
                self.changed.add(life.subject)

    def mark_absent(self, present: frozenset[str], at: int) -> None:
        """Note which lives have ended since; keeps only the newest of those that do not count."""
        ended = [life for life in self.lives.values() if life.is_present and life.subject.name not in present]
        for life in ended:
            life.is_present = False
            life.forget_rates()
            life.facts = life.facts._replace(last_seen=at)
            self.changed.add(life.subject)
        self._forget_the_oldest()

    def release_unmetered(self, look: Look, metered: frozenset[str]) -> None:
        """What is there and not metered is none of ours: should it be metered again, it begins at a baseline."""
        unmetered = {
            Epoch(look.boot_id, look.namespace, link.index) for name, link in look.links.items() if name not in metered
        }
        for life in self.lives.values():
            if life.epoch in unmetered:
                self._release(life, life.epoch)

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Drop the lives of those that are still gone."""
        for subject in subjects:
            life = self.lives.get(subject)
            if life is not None and not life.is_present:
                self._drop(life)

    def known_indexes(self) -> frozenset[int]:
        """Interface indexes of the last look, metered or not."""
        return self._known

    def _book_reading(self, life: Life, reading: Reading, look: Look, stretch: Stretch) -> None:
        at = stretch.ended // SECOND
        link = look.links.get(reading.subject.name)
        room = room_of(life, link, stretch.seconds, is_gap=bool(stretch.gap))
        self.record.note_unreadable(life, unreadable(reading.counts), at)
        if life.epoch == reading.epoch and reading.born is None:
            delta, counts = self._continue(life, reading, room, stretch)
        else:
            delta, counts = self._begin(life, reading, room, look, stretch)
        self.record.note(life, delta, at)
        life.read(reading._replace(counts=counts), at)
        self.dirty.add(reading.subject)
        if any(delta.counts):
            self._enter(life, delta.counts, stretch, is_since_boot=delta.cause == "boot")

    def _continue(self, life: Life, reading: Reading, room: Room, stretch: Stretch) -> tuple[Delta, Counts]:
        before, after = readable(life.counts, reading.counts)
        before, after = self._judge_a_fall(life, before, after, reading, room, stretch)
        delta = self._difference(life, before, reading._replace(counts=after), room, stretch)
        life.rebase(after, delta)
        return delta, after

    def _judge_a_fall(
        self, life: Life, before: Counts, after: Counts, reading: Reading, room: Room, stretch: Stretch
    ) -> tuple[Counts, Counts]:
        """Let what falls far wait for the next look: it was reset if it falls again, and slipped if it comes back."""
        speed, seconds, _ = room
        fall, life.fall = life.fall, None
        # What showed too little once, and is below what it was, has not turned over since, however long ago that is.
        bits = reading.counter_bits if fall is None else NEVER_WRAPS
        fell = fallen(before, after, counter_bits=bits, speed=speed, seconds=seconds)
        at = stretch.ended // SECOND
        if fall is not None:
            blind = without_bytes(reading.counts)
            if reading.is_present and any(blind[side] and fall.sides[side] for side in (0, 1)):
                life.fall = fall._replace(seconds=seconds)
                return before, instead(after, before, fall.sides)
            if not any(ours and theirs for ours, theirs in zip(fall.sides, fell, strict=True)):
                self.record.note_slip(life, at)
            else:
                after = since_reset(after, reading.counts, fall.sides)
            return settled(before, after, fall, fell, is_last=not reading.is_present)
        is_watched = reading.is_present and not stretch.gap
        if is_watched and any(fell) and needs_a_second_look(before, fell, speed, seconds):
            life.fall = Fall(fell, after, seconds)
            self.record.note_fall(life, sum(after[side] for side in (0, 1) if fell[side]), at)
            return before, instead(after, before, fell)
        return before, since_reset(after, reading.counts, fell)

    def _difference(self, life: Life, before: Counts, reading: Reading, room: Room, stretch: Stretch) -> Delta:
        speed, seconds, most = room
        compare = difference if reading.is_present else last_difference
        bits = reading.counter_bits
        delta = compare(before, reading.counts, counter_bits=bits, speed=speed, seconds=seconds, most=most)
        if bits == 32:  # noqa: PLR2004 - the width of a counter
            is_gap = bool(stretch.gap)
            reason = doubt(before, reading.counts, speed=speed, seconds=seconds, is_gap=is_gap)
            if reason:
                self.record.note_doubt(life, delta.counts.bytes, reason, stretch.ended // SECOND)
        return delta

    def _begin(self, life: Life, reading: Reading, room: Room, look: Look, stretch: Stretch) -> tuple[Delta, Counts]:
        """The first reading of an epoch: what of it was moved under our eyes, and what lived before us."""
        former = self._formers.of(reading.epoch)
        is_renamed = former is not None and reading.born is None
        past = former.counts if former is not None and is_renamed else reading.born
        before, after = readable(past or NOTHING, reading.counts)
        life.fall = former.fall if former is not None and is_renamed else None
        if former is not None and is_renamed:
            before, after = self._judge_a_fall(life, before, after, reading, room, stretch)
            delta = self._difference(life, before, reading._replace(counts=after), room, stretch)
            self._release(former.life, reading.epoch)
        elif self._is_strange:
            delta = Delta(NOTHING, "baseline")
        elif (stretch.is_first_ever and self._count_since_boot) or stretch.is_new_boot:
            before, after = readable(NOTHING, reading.counts)
            delta = since_boot(after, seconds=room.seconds, most=room.most)
        elif stretch.is_first_ever or (reading.born is None and self._was_there_unmetered(reading, look)):
            delta = Delta(NOTHING, "baseline")
        elif reading.born is not None:
            delta = self._difference(life, before, reading._replace(counts=after), room, stretch)
        elif "receive_bytes" in life.unreadable or "transmit_bytes" in life.unreadable:
            delta = Delta(NOTHING, "baseline")
        else:
            delta = first_sight(after, speed=room.speed, seconds=room.seconds)
        if delta.cause == "baseline":
            after = readable(UNKNOWN, reading.counts)[1]
        life.begin_epoch(reading._replace(counts=after), delta, stretch.ended // SECOND)
        life.forget_rates()
        return delta, after

    def _release(self, former: Life, epoch: Epoch) -> None:
        """Its counter goes on under another name; it may itself have taken over another one already."""
        if former.epoch == epoch:
            former.epoch = CONTINUED_ELSEWHERE
            self.dirty.add(former.subject)

    def _was_there_unmetered(self, reading: Reading, look: Look) -> bool:
        return self._place == (look.boot_id, look.namespace) and reading.epoch.index in self._known

    def _enter(self, life: Life, counts: Counts, stretch: Stretch, *, is_since_boot: bool) -> None:
        """Book a delta: to the minute where somebody watched, spread over the slots of a gap where nobody did."""
        life.gain(counts)
        subject = life.subject
        if stretch.gap or is_since_boot:
            life.forget_rates()
            pieces = self._journal.add_estimated(subject, counts, began=stretch.began, ended=stretch.ended)
        else:
            pieces = self._journal.add(
                subject,
                counts,
                began=stretch.began,
                ended=stretch.ended,
                with_minutes=life.facts.is_counted or self._minutes_for_all,
            )
        life.booked_minute = pieces[-1].start
        self._totals.add(subject.name, pieces)

    def _forget_the_oldest(self) -> None:
        """Bound the memory of what has gone; the ledger keeps their usage."""
        gone = [life for life in self.lives.values() if not life.is_present and not life.facts.is_counted]
        if len(gone) <= REMEMBERED:
            return
        gone.sort(key=lambda life: life.read_at)
        for life in gone[:-REMEMBERED]:
            if life.subject not in self.dirty and life.subject not in self.changed:
                self._drop(life)

    def _drop(self, life: Life) -> None:
        del self.lives[life.subject]
        self.dirty.discard(life.subject)
        self.changed.discard(life.subject)
        self._totals.forget(life.subject.name)
        self.record.forget(life.subject.name)
