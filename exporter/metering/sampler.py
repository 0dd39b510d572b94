"""The sampler: looks through a meter, has every reading booked, and publishes what it found."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.clock import SECOND
from exporter.metering.counters.bases import CounterBases, last_shown
from exporter.metering.counters.bookkeeper import Bookkeeper
from exporter.metering.counters.kinship import Held, Kin, kin_of
from exporter.metering.counters.tracked import states_of
from exporter.metering.journal import placing
from exporter.metering.postings import Gap, MeterState, Posting
from exporter.metering.readings import MeterError
from exporter.metering.snapshots import MeterHealth, Snapshot
from exporter.metering.timeline import Stretch, Timeline
from exporter.meters.interfaces.counting import metered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from exporter.metering.clock import Clock, Instant
    from exporter.metering.clock_repair import Change
    from exporter.metering.counters.bases import LastShown
    from exporter.metering.counters.tracked import Life
    from exporter.metering.journal import Journal
    from exporter.metering.postings import OpeningBalance
    from exporter.metering.readings import Look, Meter, Subject
    from exporter.metering.totals import Totals
    from exporter.meters.interfaces.counting import CountingRules

log = logging.getLogger(__name__)

SHORTEST_RATE_SECONDS = 0.9
"""Rates over less time than this show the clockwork of network cards, not the traffic."""

FACTS_SECONDS = 3600
"""How often the ledger notes that an interface is still there."""


class SamplerOptions(NamedTuple):
    """Seconds between samples, seconds without a look that make a gap, and what to book at first sight."""

    sample_interval: float = 1.0
    gap_seconds: float = 15.0
    count_since_boot: bool = False
    minutes_for_all: bool = False


class Sampler:
    """Samples one meter. One caller at a time: the event loop."""

    def __init__(
        self,
        *,
        meter: Meter,
        clock: Clock,
        journal: Journal,
        totals: Totals,
        rules: CountingRules,
        opening: OpeningBalance,
        options: SamplerOptions,
        shown: Mapping[Subject, LastShown] | None = None,
    ) -> None:
        """Carry forward what the ledger holds; nothing is read before the first `sample`.

        `shown` is what a sampler before it in this process has shown last.
        """
        self._meter, self._clock, self._journal, self._totals = meter, clock, journal, totals
        self._rules = rules
        self._books = Bookkeeper(
            journal=journal,
            totals=totals,
            opening=opening,
            count_since_boot=options.count_since_boot,
            minutes_for_all=options.minutes_for_all,
        )
        self._minutes_for_all = options.minutes_for_all
        self._opened = opening.state
        self.timeline = Timeline(opening.state, options.gap_seconds)
        self._shortest_rate = min(SHORTEST_RATE_SECONDS, options.sample_interval * 0.9)
        self._posting = opening.state.posting if opening.state else 0
        self._gap_total = opening.gap_seconds
        self._rated: Instant | None = None
        self._counter_bases = CounterBases(opening, shown or {})
        self._look: Look | None = None
        self._looked: Instant | None = None
        self._metered: frozenset[str] = frozenset()
        self.changes: list[Change] = []  # what a boot or a clock that was set asks of the ledger, to be posted
        self.has_new_total = False  # whether what counts has changed since the last posting
        self._facts_noted = self._number = self._layout = 0
        self.snapshot: Snapshot | None = None
        self._problem = ""
        self.on_notice: Callable[[str], object] = str

    @property
    def seconds_since_look(self) -> float:
        """Seconds since the last look that worked; infinite before the first."""
        if self._looked is None:
            return float("inf")
        return (self._clock.now().elapsed - self._looked.elapsed) / SECOND

    @property
    def is_undecided(self) -> bool:
        """Whether a counter fell at the last look, and the next one tells what of it counts."""
        return any(life.fall is not None for life in self._books.lives.values())

    def is_counted(self, name: str) -> bool:
        """Whether an interface counts for the machine's total."""
        return name in self._books.counted

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Forget interfaces that the ledger has folded together: should they return, their totals begin anew."""
        self._books.forget(subjects)

    def sample(self) -> Snapshot:
        """Look, book and publish; a meter that fails is a state of the snapshot, not an exception."""
        began = time.perf_counter()
        try:
            look = self._meter.look()
        except Exception as error:  # noqa: BLE001 - whatever ails a meter, it fails alone
            health = MeterHealth(is_up=False, read_seconds=time.perf_counter() - began, error=str(error) or repr(error))
            self._say_that_it_fails(health.error, None if isinstance(error, MeterError) else error)
            return self._publish(self._clock.now(), health)
        self._say_that_it_fails("")
        now = self._clock.now()
        health = MeterHealth(is_up=True, read_seconds=time.perf_counter() - began)
        if self._look is None and self._opened is not None:
            self._recognise(self._opened, look, now)
        self._follow_the_clock(now, look)
        stretch = self.timeline.stretch(now, look)
        self._adopt(look, now.wall // SECOND)
        before = self._bytes_counted() if stretch.gap else 0
        self._books.book(look, self._metered_in(look), stretch)
        self._note_gap(stretch, before)
        self._books.record.note_losses(look.losses, now.wall // SECOND)
        self._measure(now, stretch)
        self._counter_bases.settle(self._books.lives)
        self.timeline.looked(now)
        self._look, self._looked = look, now
        return self._publish(now, health)

    def take(self) -> Posting | None:
        """Everything since the last posting, as one transaction; None before the first look."""
        look, looked = self._look, self._looked
        if look is None or looked is None:
            return None
        self._note_presence(looked.wall // SECOND)
        self._posting += 1
        books, journal = self._books, self._journal
        checkpoints = {subject: books.lives[subject].checkpoint() for subject in books.dirty}
        posting = Posting(
            meter=self._meter.name,
            state=MeterState(
                self._posting,
                look.boot_id,
                look.namespace,
                looked.wall,
                looked.elapsed,
                books.known_indexes(),
                self.timeline.reckoning,
            ),
            slots=journal.slots,
            minutes=journal.minutes,
            checkpoints={subject: held for subject, held in checkpoints.items() if held is not None},
            subjects={subject: books.lives[subject].facts for subject in books.changed},
            gaps=tuple(journal.gaps),
            incidents=tuple(journal.incidents),
            changes=tuple(self.changes),
            counter_bases=self._counter_bases.take(),
        )
        journal.clear()
        books.dirty, books.changed, self.changes, self.has_new_total = set(), set(), [], False
        return posting

    def _say_that_it_fails(self, problem: str, surprise: Exception | None = None) -> None:
        """One line when it begins to fail, when it fails otherwise, and when it works again."""
        if problem and problem != self._problem:
            log.error(
                "the counters cannot be read, and nothing is counted until they can: %s", problem, exc_info=surprise
            )
        elif self._problem and not problem:
            log.warning("the counters can be read again: what passed meanwhile is counted")
        self._problem = problem

    def _recognise(self, opened: MeterState, look: Look, now: Instant) -> None:
        """Is this the kernel of the ledger's last look? If nobody can know what it moved since, it begins anew."""
        lives = self._books.lives.values()
        held = [Held(life.epoch, life.counts) for life in lives if life.epoch is not None]
        kin, reason = kin_of(opened, held, look, now)
        if kin is Kin.RENAMED:
            self.timeline.rename_boot(look.boot_id)
            self._books.rename_boot(opened.boot_id, look.boot_id)
        elif kin is Kin.STRANGE:
            self.timeline.rename_boot("")
            self._books.estrange()
            self.on_notice(self._books.record.note_strange(reason, now.wall // SECOND))

    def last_shown(self) -> dict[Subject, LastShown]:
        """What the counters show, for a sampler that follows in the same process."""
        return last_shown(self._books.lives.values())

    def _follow_the_clock(self, now: Instant, look: Look) -> None:
        changes, incidents = self.timeline.follow(now, look)
        for change in changes:
            self._journal.shift(change)
            self._books.shift(placing(change))
            self._facts_noted = 0
        self.changes.extend(changes)
        self._journal.incidents.extend(incidents)

    def _adopt(self, look: Look, at: int) -> None:
        """Take over links and uplinks where they changed: who is metered, who counts, who has left."""
        last = self._look
        if last is not None and look.links is last.links and look.uplinks == last.uplinks:
            return
        books = self._books
        self._layout += 1
        self._metered = metered(look.links, self._rules)
        uplinks = look.uplinks | {life.subject.name for life in books.lives.values() if life.facts.is_uplink}
        names = self._metered | {life.subject.name for life in books.lives.values()}
        books.uplinks = frozenset(uplinks)
        counted = frozenset(name for name in names if self._rules.is_counted(name, uplinks))
        self.has_new_total |= counted != books.counted
        books.counted = counted
        for life in books.lives.values():
            name = life.subject.name
            if life.judge(is_counted=name in counted, is_uplink=name in uplinks):
                books.changed.add(life.subject)
        books.mark_absent(self._metered, at)
        books.release_unmetered(look, self._metered)

    def _metered_in(self, look: Look) -> frozenset[str]:
        """Metered names of this look, those included that it sees for the last time."""
        vanished = {reading.subject.name for reading in look.readings if not reading.is_present}
        if not vanished:
            return self._metered
        return self._metered | {name for name in vanished if self._rules.is_metered_name(name)}

    def _bytes_counted(self) -> int:
        return sum(life.lifetime.bytes for life in self._books.lives.values() if life.facts.is_counted)

    def _note_gap(self, stretch: Stretch, before: int) -> None:
        if not stretch.gap:
            return
        ended = stretch.ended // SECOND
        self._gap_total += max(ended - stretch.unseen_since, 0)
        moved = self._bytes_counted() - before
        self._journal.gaps.append(Gap(stretch.unseen_since, ended, stretch.gap, moved))

    def _measure(self, now: Instant, stretch: Stretch) -> None:
        """Rates over the time since the last measurement, and the peaks that they make."""
        lives = self._books.lives.values()
        if self._rated is None or stretch.gap:
            self._rated = now
            for life in lives:
                life.forget_rates()
            return
        seconds = (now.elapsed - self._rated.elapsed) / SECOND
        if seconds < self._shortest_rate:
            return
        self._rated = now
        for life in lives:
            if life.is_present:
                life.measure_rates(seconds)
                if any(life.rates):
                    self._note_peaks(life)

    def _note_peaks(self, life: Life) -> None:
        is_by_minute = life.facts.is_counted or self._minutes_for_all
        self._journal.note_peaks(life.subject, life.booked_minute, life.rates, with_minutes=is_by_minute)
        self._totals.note_peaks(life.subject.name, life.booked_minute, life.rates)

    def _note_presence(self, at: int) -> None:
        if at - self._facts_noted < FACTS_SECONDS and at >= self._facts_noted:
            return
        self._facts_noted = at
        for life in self._books.lives.values():
            if life.is_present:
                life.facts = life.facts._replace(last_seen=at)
                self._books.changed.add(life.subject)

    def _publish(self, now: Instant, health: MeterHealth) -> Snapshot:
        self._number += 1
        links = self._look.links if self._look else {}
        self.snapshot = Snapshot(
            number=self._number,
            layout=self._layout,
            taken=self._looked or now,
            interfaces=states_of(self._books.lives.values(), links),
            health=health,
            gap_seconds=self._gap_total,
            resets=self._books.record.resets,
            discarded=self._books.record.discarded,
            is_gap_open=self.timeline.is_gap_open(now),
        )
        return self.snapshot
