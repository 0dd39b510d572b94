"""One meter, timed and isolated: what it raises, or reports against its spec, costs its own series only."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from exporter.metering.clock import SECOND
from exporter.metering.journal import placing
from exporter.metering.postings import ClockState, MeterCheckpoint, MeterPosting
from exporter.metering.samples import MeterError, Sample
from exporter.metering.snapshots import MeterHealth, MeterView
from exporter.metering.subjects import Subject
from exporter.metering.timeline import MeterTimeline
from reports.ledger.rows import Gap
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exporter.metering.clock import Instant
    from exporter.metering.clock_repair import ClockChange
    from exporter.metering.postings import OpeningBalance
    from exporter.metering.samples import Boot, Meter, SampleInterval
    from exporter.metering.timeline import ClockTimeline
    from reports.ledger.shape import MeterSpec

log = logging.getLogger(__name__)

Result = TypeVar("Result")

READ_SECONDS = 0.2
"""How long a sample waits for a meter that is not quick; what it reads later is sampled then."""


class IsolatedMeter:
    """Owned by the sampler; every method is called from one thread."""

    def __init__(self, meter: Meter, opening: OpeningBalance, gap_seconds: float) -> None:
        """Have the meter carry forward what the ledger holds of it."""
        self._meter = meter
        self.spec: MeterSpec = meter.spec
        self.name = meter.spec.name
        self.zeros = (0,) * len(self.spec.sums)
        self._timeline = MeterTimeline(opening.sampled, gap_seconds)
        self._state = meter.resume(opening)
        self._other = Subject(self.name, (OTHER,) * len(self.spec.dimensions))
        self._subjects = set(opening.accounts) - {self._other} if self.spec.most_subjects else set()
        self._gap_seconds = opening.gap_seconds
        self._gaps: list[Gap] = []
        self._changes: list[ClockChange] = []
        self._health = MeterHealth(is_up=False, read_seconds=0.0)
        self._boot_id = ""
        self._problem, self._failures = "", 0
        self._began = 0.0
        self._reading: _Reading | None = None
        self.boot: Boot | None = None

    def read(self) -> bool:
        """Read the source now; False where it failed or did not answer in time."""
        self._began = time.perf_counter()
        found = self._attempt(lambda: (self._meter.read() if self._meter.is_quick else self._read_aside(),))
        if found is None:
            return False
        (self.boot,) = found
        return True

    def sample(self, now: Instant, boot: Boot, clock: ClockTimeline) -> tuple[SampleInterval, Sample] | None:
        """What the meter reports of the interval until now; None where it fails."""
        interval = self._timeline.interval(now, boot, clock, self._changes)
        sample = self._attempt(lambda: checked(self.spec, self._meter.sample(interval)))
        if sample is None:
            return None
        self._changes = []
        self._recover()
        self._boot_id, self._timeline.last, self._state = boot.id, now, sample.state
        if interval.gap:
            ended = interval.ended // SECOND
            self._gap_seconds += max(ended - interval.gap_began, 0)
            self._gaps.append(Gap(interval.gap_began, ended, interval.gap, sample.gap_bytes))
        return interval, sample

    def take(self) -> MeterPosting | None:
        """Its part of a posting; None before its first sample, or where it fails to say what it resumes from."""
        sampled = self._timeline.last
        if sampled is None:
            return None
        checkpoint = self._attempt(lambda: checked_checkpoint(self.spec, self._meter.checkpoint()))
        if checkpoint is None:  # what it has reported waits
            return None
        if self.spec.most_subjects:
            checkpoint = self._bounded_checkpoint(checkpoint)
        gaps, self._gaps = tuple(self._gaps), []
        return MeterPosting(self.name, ClockState(self._boot_id, sampled.wall, sampled.elapsed), checkpoint, gaps)

    def shift(self, change: ClockChange) -> None:
        """A clock was set: the meter follows at its next sample, the gaps that wait at once."""
        self._changes.append(change)
        place = placing(change)
        if place is not None:
            self._gaps = [gap._replace(began=place(gap.began, 1), ended=place(gap.ended, 1)) for gap in self._gaps]

    def forget(self, subjects: Sequence[Subject]) -> None:
        """Drop subjects that the ledger has folded."""
        if subjects:
            self._subjects.difference_update(subjects)
            self._meter.forget(subjects)

    def note_posted(self) -> bool:
        """Its part of the last posting is in the ledger; returns whether that changes its state."""
        state = self._attempt(self._meter.note_posted)
        self._state = self._state if state is None else state
        return state is not None

    def handover(self) -> object:
        """What a meter that follows in this process is built with."""
        return self._meter.handover()

    def refresh(self) -> None:
        """Have it read slow facts; what fails is logged, and tried again at the next turn."""
        try:
            self._meter.refresh()
        except (MeterError, OSError, ValueError) as error:
            log.warning("the %s meter cannot read slow facts: %s", self.name, error)

    def bounded(self, subject: Subject) -> Subject:
        """The subject, or OTHER where the meter has as many as it may have."""
        if not self.spec.most_subjects or subject in self._subjects:
            return subject
        if subject == self._other or len(self._subjects) >= self.spec.most_subjects:
            return self._other
        self._subjects.add(subject)
        return subject

    def seconds_since_sample(self, now: Instant) -> float:
        """Seconds since its last sample; infinite before the first."""
        last = self._timeline.last
        return float("inf") if last is None else (now.elapsed - last.elapsed) / SECOND

    def set_gap_seconds(self, seconds: float) -> None:
        """Take a stretch without a sample for a gap from this length on."""
        self._timeline.gap_seconds = seconds

    def view(self, now: Instant) -> MeterView:
        """What is published of it."""
        is_gap_open = self._timeline.is_gap_open(now)
        return MeterView(self._state, self._health, self._gap_seconds, is_gap_open, self._failures)

    def _bounded_checkpoint(self, checkpoint: MeterCheckpoint) -> MeterCheckpoint:
        """Facts by the subjects that have rows; a value by subject is kept of those with rows of their own."""
        facts = {self.bounded(subject): facts for subject, facts in checkpoint.facts.items()}
        held = {subject: value for subject, value in checkpoint.subjects.items() if subject in self._subjects}
        return checkpoint._replace(facts=facts, subjects=held)

    def _attempt(self, work: Callable[[], Result]) -> Result | None:
        try:
            return work()
        except Exception as error:  # noqa: BLE001 - whatever a meter raises, it fails alone
            self._fail(error)
            return None

    def _read_aside(self) -> Boot | None:
        """Read on a thread of its own: one that hangs is not read again before it comes back."""
        reading, wait = (self._reading, 0.0) if self._reading else (_Reading(self._meter), READ_SECONDS)
        self._reading = reading
        if not reading.done.wait(wait):
            raise MeterError(f"no answer within {READ_SECONDS} s, or since")
        self._reading = None
        if reading.error is not None:
            raise reading.error
        return reading.boot

    def _fail(self, error: Exception) -> None:
        text = str(error) or repr(error)
        self._failures += 1
        self._health = MeterHealth(is_up=False, read_seconds=time.perf_counter() - self._began, error=text)
        if text != self._problem:
            surprise = None if isinstance(error, MeterError) else error
            log.error(
                "the %s counters cannot be read, and nothing is counted until they can: %s",
                self.name,
                text,
                exc_info=surprise,
            )
        self._problem = text

    def _recover(self) -> None:
        self._health = MeterHealth(is_up=True, read_seconds=time.perf_counter() - self._began)
        if self._problem:
            log.warning("the %s counters can be read again: what passed meanwhile is counted", self.name)
        self._problem = ""


class _Reading:
    """One read on a daemon thread: a process that ends does not wait for one that hangs."""

    def __init__(self, meter: Meter) -> None:
        self.done = threading.Event()
        self.boot: Boot | None = None
        self.error: Exception | None = None
        self._meter = meter
        threading.Thread(target=self._run, name=f"{meter.spec.name}-meter", daemon=True).start()

    def _run(self) -> None:
        try:
            self.boot = self._meter.read()
        except Exception as error:  # noqa: BLE001 - raised again by the sampler's thread
            self.error = error
        self.done.set()


def checked(spec: MeterSpec, sample: Sample) -> Sample:
    """The sample, if it is one of this meter; raises MeterError with what is wrong. Nothing of a wrong one counts."""
    if not isinstance(sample, Sample):
        raise MeterError(f"reported {type(sample).__name__} in place of a sample")
    for change in sample.changes:
        _check_subject(spec, change.subject)
        _check_numbers(change.subject, change.amounts, spec.sums)
        if change.peaks:
            _check_numbers(change.subject, change.peaks, spec.peaks)
        if change.sketches and len(change.sketches) != len(spec.sketches):
            raise MeterError(f"reported {len(change.sketches)} sketches of {change.subject.name!r}")
    for peak in sample.peaks:
        _check_subject(spec, peak.subject)
        _check_numbers(peak.subject, peak.values, spec.peaks)
    return sample


def checked_checkpoint(spec: MeterSpec, checkpoint: MeterCheckpoint) -> MeterCheckpoint:
    """The checkpoint, if it is one of this meter; raises MeterError with what is wrong."""
    if not isinstance(checkpoint, MeterCheckpoint):
        raise MeterError(f"resumes from {type(checkpoint).__name__} in place of a checkpoint")
    for subject, facts in checkpoint.facts.items():
        _check_subject(spec, subject)
        _check_numbers(subject, facts.columns, spec.facts)
    for subject in checkpoint.subjects:
        _check_subject(spec, subject)
    return checkpoint


def _check_subject(spec: MeterSpec, subject: Subject) -> None:
    if subject.meter != spec.name or len(subject.key) != len(spec.dimensions):
        raise MeterError(f"reported {tuple(subject)!r}, which is no subject of {', '.join(spec.dimensions)}")


def _check_numbers(subject: Subject, numbers: tuple[int, ...], names: Iterable[str]) -> None:
    for name, number in zip(names, numbers, strict=True):
        if type(number) is not int or number < 0:
            raise MeterError(f"reported {name} {number!r} of {subject.name!r}")
