"""The sampler: reads every meter, enters what it reports, and publishes what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.isolation import IsolatedMeter
from exporter.metering.postings import ClockState, Posting
from exporter.metering.snapshots import Snapshot
from exporter.metering.timeline import ClockTimeline

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from exporter.metering.clock import Clock, Instant
    from exporter.metering.clock_repair import ClockChange
    from exporter.metering.journal import Journal
    from exporter.metering.postings import Opening
    from exporter.metering.samples import Boot, Meter, Sample, SampleInterval
    from exporter.metering.subjects import Subject
    from exporter.metering.totals import Totals


class Sampler:
    """Samples a list of meters. One caller at a time: the event loop."""

    def __init__(
        self,
        *,
        meters: Sequence[Meter],
        clock: Clock,
        journal: Journal,
        totals: Totals,
        opening: Opening,
        gap_seconds: float = 15.0,
    ) -> None:
        """Carry forward what the ledger holds; nothing is read before the first `sample`.

        `gap_seconds` without a sample make a gap.
        """
        self._clock, self._journal, self._totals = clock, journal, totals
        self.timeline = ClockTimeline(opening.clock, opening.reckoning)
        self._meters = [IsolatedMeter(meter, opening.balance_of(meter.spec.name), gap_seconds) for meter in meters]
        self._number, self._posting = 0, opening.number
        self._sampled: tuple[Instant, Boot] | None = None
        self.snapshot: Snapshot | None = None
        self.changes: list[ClockChange] = []
        """What a boot or a clock that was set asks of the ledger, to be posted."""
        self.is_urgent = self.is_undecided = False
        self.on_notice: Callable[[str], object] = str

    @property
    def seconds_since_sample(self) -> float:
        """Seconds since the newest sample of any meter that reads the machine; infinite before the first."""
        now = self._clock.now()
        machine = (meter for meter in self._meters if not meter.spec.is_of_events)
        return min((meter.seconds_since_sample(now) for meter in machine), default=float("inf"))

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Forget subjects that the ledger has folded together: should they return, their totals begin anew."""
        subjects = tuple(subjects)
        for meter in self._meters:
            meter.forget([subject for subject in subjects if subject.meter == meter.name])

    def set_gap_seconds(self, seconds: float) -> None:
        """Take a stretch without a sample for a gap from this length on."""
        for meter in self._meters:
            meter.set_gap_seconds(seconds)

    def note_posted(self) -> None:
        """What was taken last is in the ledger: publish what this changes."""
        changed = [meter for meter in self._meters if meter.note_posted()]
        self._show(changed, self._clock.now())

    def handovers(self) -> dict[str, object]:
        """What the meters hand over to those that follow in this process, by name."""
        return {meter.name: meter.handover() for meter in self._meters}

    def refresh(self) -> None:
        """Have every meter read slow facts; runs on a worker thread."""
        for meter in self._meters:
            meter.refresh()

    def sample(self) -> Snapshot:
        """Read, enter and publish; a meter that fails is a state of the snapshot, not an exception."""
        ready = [meter for meter in self._meters if meter.read()]
        now = self._clock.now()
        boot = _boot_of(ready) or (self._sampled[1] if self._sampled else None)
        if ready and boot is not None:
            self._follow_the_clock(now, boot)
            self._sampled = (now, boot)
            self.is_undecided = False
            for meter in ready:
                self._enter(meter, now, boot)
        return self._publish(now)

    def sample_only(self, name: str) -> None:
        """Have one meter report what events brought it; the snapshot is the last one otherwise."""
        if self._sampled is None or self.snapshot is None:
            return
        now, boot = self._clock.now(), self._sampled[1]
        self._follow_the_clock(now, boot)
        self._sampled = (now, boot)
        for meter in self._meters:
            if meter.name == name and meter.read():
                self._enter(meter, now, boot)
                self._show([meter], now)

    def take(self, only: Collection[str] | None = None) -> Posting | None:
        """Everything since the last posting, of these meters or of all, as one transaction.

        None before the first sample.
        """
        if self._sampled is None:
            return None
        meters = [meter for meter in self._meters if only is None or meter.name in only]
        parts = [part for part in (meter.take() for meter in meters) if part is not None]
        if not parts:
            return None
        self._posting += 1
        now, boot = self._sampled
        names = frozenset(part.meter for part in parts)
        journal = self._journal
        posting = Posting(
            number=self._posting,
            clock=ClockState(boot.id, now.wall, now.elapsed),
            slots=journal.take_slots(names),
            minutes=journal.take_minutes(names),
            meters=tuple(parts),
            incidents=journal.take_incidents(),
            changes=tuple(self.changes),
            reckoning=self.timeline.reckoning,
        )
        self.changes, self.is_urgent = [], False
        return posting

    def _follow_the_clock(self, now: Instant, boot: Boot) -> None:
        changes, incidents = self.timeline.follow(now, boot)
        for change in changes:
            self._journal.shift(change)
            for meter in self._meters:
                meter.shift(change)
        self.changes.extend(changes)
        self._journal.incidents.extend(incidents)

    def _enter(self, meter: IsolatedMeter, now: Instant, boot: Boot) -> None:
        sampled = meter.sample(now, boot, self.timeline)
        if sampled is None:
            return
        interval, sample = sampled
        self._add_changes(meter, interval, sample)
        for peak in sample.peaks:
            subject = meter.bounded(peak.subject)
            self._journal.note_peak(subject, peak, meter.zeros)
            self._totals.note_peaks(subject, peak.minute, peak.values)
        for subject in sample.dropped:
            self._totals.forget(subject)
        self._journal.incidents.extend(sample.incidents)
        self.is_urgent |= sample.is_urgent
        self.is_undecided |= sample.is_undecided
        for notice in sample.notices:
            self.on_notice(notice)

    def _add_changes(self, meter: IsolatedMeter, interval: SampleInterval, sample: Sample) -> None:
        spec = meter.spec
        for change in sample.changes:
            subject = meter.bounded(change.subject)
            began, ended = change.span or (interval.began, interval.ended)
            for start, amounts in self._journal.add(subject, change, began, ended, spec.bytes_in):
                if spec.has_history:
                    self._totals.add(subject, start, *spec.bytes_in(amounts))
                elif spec.has_periods:
                    self._totals.add_to_sums(subject, start, *spec.bytes_in(amounts))
            if change.sketches:
                self._journal.merge_sketches(subject, change.sketches, (ended - 1) // SECOND, meter.zeros)

    def _show(self, meters: Sequence[IsolatedMeter], now: Instant) -> None:
        """Publish what has changed of these meters between two samples of all."""
        if meters and self.snapshot is not None:
            views = {meter.name: meter.view(now) for meter in meters}
            self.snapshot = self.snapshot._replace(meters={**self.snapshot.meters, **views})

    def _publish(self, now: Instant) -> Snapshot:
        self._number += 1
        taken = self._sampled[0] if self._sampled else now
        self.snapshot = Snapshot(self._number, taken, {meter.name: meter.view(now) for meter in self._meters})
        return self.snapshot


def _boot_of(meters: Sequence[IsolatedMeter]) -> Boot | None:
    """The boot that a meter has read; one that says whether it goes on comes first."""
    boots = [meter.boot for meter in meters if meter.boot is not None]
    return next((boot for boot in boots if boot.goes_on is not None), boots[0] if boots else None)
