"""The interface meter: scans the counters of all interfaces, and reports what was added to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.clock import SECOND
from exporter.metering.counters.bases import ExposedBases, last_exposed
from exporter.metering.counters.boot_match import BootMatch, HeldCounter, match_boot
from exporter.metering.counters.checkpoints import HeldCounters
from exporter.metering.counters.tracker import CounterTracker
from exporter.metering.journal import placing
from exporter.metering.postings import OpeningBalance
from exporter.metering.samples import Boot, Peak, Sample
from exporter.meters.interfaces.counting import metered
from exporter.meters.interfaces.machine_counter import InterfaceHandover, MachineCounter
from exporter.meters.interfaces.state import InterfacesState, states_of
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.metering.clock import Clock
    from exporter.metering.counters.readings import CounterReader, Scan
    from exporter.metering.counters.tracked import TrackedCounter
    from exporter.metering.postings import MeterCheckpoint
    from exporter.metering.samples import SampleInterval
    from exporter.metering.subjects import Subject
    from exporter.meters.interfaces.counting import CountingRules

SHORTEST_RATE_SECONDS = 0.9
"""Rates over less time than this show the clockwork of network cards, not the traffic."""

FIRST = InterfaceHandover()
"""Of no meter before."""

PRESENCE_SECONDS = 3600
"""How often the ledger notes that an interface is still there."""


class InterfaceOptions(NamedTuple):
    """Seconds between samples, what to count at first sight, and of which interfaces minutes are kept."""

    sample_interval: float = 1.0
    count_since_boot: bool = False
    minutes_for_all: bool = False


class InterfaceMeter:
    """Meters network interfaces. Reading them takes part of a millisecond and never waits."""

    spec = INTERFACE
    is_quick = True

    def __init__(
        self,
        *,
        reader: CounterReader,
        clock: Clock,
        rules: CountingRules,
        options: InterfaceOptions,
        handover: InterfaceHandover = FIRST,
    ) -> None:
        """`handover` is of a meter before it in this process."""
        self._reader, self._clock, self._rules, self._options = reader, clock, rules, options
        self._handover = handover
        self._shortest_rate = min(SHORTEST_RATE_SECONDS, options.sample_interval * 0.9)
        self._rated: int | None = None
        self._metered: frozenset[str] = frozenset()
        self._presence_noted = self._layout = self._sampled = 0
        self._scan: Scan | None = None
        self._last: Scan | None = None
        self._is_urgent = False
        self._notices: tuple[str, ...] = ()
        self.resume(OpeningBalance(None, {}))

    def resume(self, opening: OpeningBalance) -> InterfacesState:
        """Carry forward what the ledger holds."""
        options = self._options
        self._tracker = CounterTracker(
            opening, count_since_boot=options.count_since_boot, minutes_for_all=options.minutes_for_all
        )
        self._opened = opening.sampled
        held = opening.held if isinstance(opening.held, HeldCounters) else HeldCounters()
        self._namespace = held.scanned.namespace
        self._bases = ExposedBases(held.checkpoints, self._handover.interfaces, is_copy=opening.is_copy)
        self._machine = MachineCounter(held.scanned.machine_base, self._handover.machine)
        return self._state()

    def read(self) -> Boot:
        """Scan every counter; the first scan is compared with the ledger's last one."""
        scan = self._scan = self._reader.scan()
        if self._last is not None or self._opened is None:
            return Boot(scan.boot_id)
        now = self._clock.now()
        counters = self._tracker.counters.values()
        held = [HeldCounter(counter.epoch, counter.counts) for counter in counters if counter.epoch is not None]
        match, reason = match_boot(self._opened, self._namespace, held, scan, now)
        if match is BootMatch.RENAMED:
            self._tracker.rename_boot(self._opened.boot_id, scan.boot_id)
            self._opened = self._opened._replace(boot_id=scan.boot_id)
            return Boot(scan.boot_id, goes_on=True)
        if match is BootMatch.FOREIGN:
            self._tracker.begin_at_baselines()
            self._notices = (self._tracker.events.note_foreign(reason, now.wall // SECOND),)
            self._opened = None
            return Boot(scan.boot_id, goes_on=False)
        return Boot(scan.boot_id)

    def sample(self, interval: SampleInterval) -> Sample:
        """What was added to every metered interface, and the peaks of its speed."""
        scan, tracker, at = self._scan, self._tracker, interval.ended // SECOND
        if scan is None:
            raise RuntimeError("nothing was read")
        for change in interval.changes:
            tracker.shift(placing(change))
            self._presence_noted = 0
        self._adopt(scan, at)
        before = self._counted_bytes() if interval.gap else 0
        changes = tracker.track(scan, self._metered_in(scan), interval)
        gap_bytes = self._counted_bytes() - before if interval.gap else 0
        tracker.events.note_losses(scan.losses, at)
        peaks = self._measure(interval)
        self._bases.settle(tracker.counters)
        self._machine.settle(tracker.counters.values(), self._bases)
        self._last, self._sampled = scan, at
        is_urgent, self._is_urgent = self._is_urgent, False
        notices, self._notices = self._notices, ()
        dropped, tracker.dropped = tuple(tracker.dropped), []
        return Sample(
            changes=tuple(changes),
            peaks=peaks,
            incidents=tracker.events.take_incidents(),
            state=self._state(),
            gap_bytes=gap_bytes,
            dropped=dropped,
            notices=notices,
            is_urgent=is_urgent,
            is_undecided=any(counter.fall is not None for counter in tracker.counters.values()),
        )

    def checkpoint(self) -> MeterCheckpoint:
        """Facts and checkpoints of the interfaces that changed."""
        self._note_presence(self._sampled)
        return self._tracker.checkpoint(self._bases.take(), self._machine.base)

    def note_posted(self) -> object:
        """Nothing waits for it: the kernel remembers what a crash loses."""
        return None

    def is_counted(self, subject: Subject) -> bool:
        """Whether an interface counts for the machine's total."""
        return subject.name in self._tracker.counted

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Drop interfaces that the ledger has folded together, where they are still gone."""
        self._tracker.forget(subjects)

    def refresh(self) -> None:
        """Read slow facts of links."""
        self._reader.refresh_links()

    def handover(self) -> InterfaceHandover:
        """What the counters of /metrics show, for a meter that follows in the same process."""
        return InterfaceHandover(self._state().machine_exposed, last_exposed(self._tracker.counters.values()))

    def _adopt(self, scan: Scan, at: int) -> None:
        """Take over links and uplinks where they changed: what is metered, what counts, what has left."""
        last = self._last
        if last is not None and scan.links is last.links and scan.uplinks == last.uplinks:
            return
        tracker = self._tracker
        counters = tracker.counters.values()
        self._layout += 1
        self._metered = metered(scan.links, self._rules)
        uplinks = scan.uplinks | {counter.name for counter in counters if counter.is_uplink}
        names = self._metered | {counter.name for counter in counters}
        tracker.uplinks = frozenset(uplinks)
        counted = frozenset(name for name in names if self._rules.is_counted(name, uplinks))
        self._is_urgent |= counted != tracker.counted
        tracker.counted = counted
        for counter in counters:
            name, was_counted = counter.name, counter.is_counted
            if counter.judge(is_counted=name in counted, is_uplink=name in uplinks):
                tracker.changed.add(counter.subject)
                self._machine.turn(counter, was_counted=was_counted)
        tracker.mark_absent(self._metered, at)
        tracker.release_unmetered(scan, self._metered)

    def _metered_in(self, scan: Scan) -> frozenset[str]:
        """Metered names of this scan, those included that it has for the last time."""
        vanished = {reading.subject.name for reading in scan.readings if not reading.is_present}
        if not vanished:
            return self._metered
        return self._metered | {name for name in vanished if self._rules.is_metered_name(name)}

    def _counted_bytes(self) -> int:
        return sum(counter.lifetime.bytes for counter in self._tracker.counters.values() if counter.is_counted)

    def _measure(self, interval: SampleInterval) -> tuple[Peak, ...]:
        """Rates over the time since the last measurement, and the peaks that they make."""
        counters = self._tracker.counters.values()
        if self._rated is None or interval.gap:
            self._rated = interval.steady
            for counter in counters:
                counter.forget_rates()
            return ()
        seconds = (interval.steady - self._rated) / SECOND
        if seconds < self._shortest_rate:
            return ()
        self._rated = interval.steady
        present = [counter for counter in counters if counter.is_present]
        for counter in present:
            counter.measure_rates(seconds)
        return tuple(self._peak(counter) for counter in present if any(counter.rates))

    def _peak(self, counter: TrackedCounter) -> Peak:
        by_minute = counter.is_counted or self._options.minutes_for_all
        return Peak(counter.subject, counter.booked_minute, counter.rates, by_minute)

    def _note_presence(self, at: int) -> None:
        if at - self._presence_noted < PRESENCE_SECONDS and at >= self._presence_noted:
            return
        self._presence_noted = at
        for counter in self._tracker.counters.values():
            if counter.is_present:
                counter.last_seen = at
                self._tracker.changed.add(counter.subject)

    def _state(self) -> InterfacesState:
        links = self._last.links if self._last else {}
        events = self._tracker.events
        states = states_of(self._tracker.counters.values(), links)
        return InterfacesState(self._layout, states, events.resets, events.discarded, self._machine.base)
