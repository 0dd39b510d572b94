"""Time between samples: how long a meter did not sample, and whether the clock was set meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND, Instant
from exporter.metering.clock_repair import (
    CLOCK_STEP_SECONDS,
    Reckoning,
    Settle,
    Step,
    first_reckoning,
    inherited_reckoning,
    reckon,
)
from exporter.metering.postings import Incident
from exporter.metering.samples import SampleInterval

if TYPE_CHECKING:
    from exporter.metering.clock_repair import ClockChange
    from exporter.metering.postings import ClockState
    from exporter.metering.samples import Boot


class ClockTimeline:
    """Follows the machine's clocks from sample to sample, beginning with the newest that the ledger remembers."""

    def __init__(self, state: ClockState | None, reckoning: Reckoning | None) -> None:
        """`state` is None in a new ledger."""
        self._state = state
        self._last: Instant | None = None
        self.has_moved_history = False
        self.reckoning = reckoning

    def follow(self, now: Instant, boot: Boot) -> tuple[list[ClockChange], list[Incident]]:
        """What a boot, or a clock that was set since the last sample, asks of the ledger, and an incident for it."""
        state = self._state = renamed(self._state, boot) if self._state and self._last is None else self._state
        changes: list[ClockChange] = []
        if self.reckoning is None:
            self.reckoning = self._first_reckoning(now)
            if self.reckoning.began:
                changes.append(Settle(self.reckoning.began))
        before = self._last or (Instant(state.wall, state.elapsed, 0) if state else None)
        is_boot = self._last is None and state is not None and state.boot_id != boot.id
        self._last = now
        if before is None:
            return changes, []
        step = _step(before, now, is_boot=is_boot)
        if not is_boot and abs(step.seconds) < CLOCK_STEP_SECONDS:
            self.reckoning = self.reckoning.goes_on(step.last, step.new)
            return changes, []
        self.reckoning, more = reckon(self.reckoning, step)
        self.has_moved_history = is_boot and any(not isinstance(change, Settle) for change in more)
        changes.extend(more)
        return changes, _incidents(step, more)

    def sure(self, now: Instant) -> int:
        """The time (UTC seconds) that is beyond doubt."""
        return now.wall // SECOND - (self.reckoning.doubt_at(now.elapsed // SECOND) if self.reckoning else 0)

    def _first_reckoning(self, now: Instant) -> Reckoning:
        """Of a new ledger, or of one that an older version wrote: what that booked under a wrong clock may move."""
        state = self._state
        if state is None:
            return first_reckoning((now.wall - now.elapsed) // SECOND, now.wall // SECOND, now.elapsed // SECOND)
        return inherited_reckoning(state.wall // SECOND, state.elapsed // SECOND)


class MeterTimeline:
    """The samples of one meter: how long ago the last one was, here or by an earlier service."""

    def __init__(self, sampled: ClockState | None, gap_seconds: float) -> None:
        """`gap_seconds` without a sample make a gap; `sampled` is None in a new ledger."""
        self._held = sampled
        self.gap_seconds = gap_seconds
        self.last: Instant | None = None

    def interval(self, now: Instant, boot: Boot, clock: ClockTimeline, changes: list[ClockChange]) -> SampleInterval:
        """Measure the time since the last sample."""
        held = self._held
        booted = now.wall - now.elapsed
        if self.last is not None:
            found = self._running(now, self.last)
        elif held is None:
            found = SampleInterval(booted, now.wall, now.elapsed / SECOND, is_first_ever=True)
        elif (held := renamed(held, boot)).boot_id == boot.id:
            found = self._interval(now, max(now.elapsed - held.elapsed, 0) / SECOND, "down")
        else:
            # A last sample under another clock is known to be before this boot, and no more.
            last = booted if clock.has_moved_history or held.wall > now.wall else held.wall
            began, seconds = max(booted, last), now.elapsed / SECOND
            found = SampleInterval(began, now.wall, seconds, "down", last // SECOND, is_new_boot=True)
        return found._replace(steady=now.elapsed, changes=tuple(changes))

    def is_gap_open(self, now: Instant) -> bool:
        """Whether the last sample is so long ago that what the next one finds will be a guess."""
        if self.last is not None:
            return now.elapsed - self.last.elapsed > self.gap_seconds * SECOND
        return self._held is not None and now.wall - self._held.wall > self.gap_seconds * SECOND

    def _running(self, now: Instant, last: Instant) -> SampleInterval:
        seconds = (now.elapsed - last.elapsed) / SECOND
        slept = seconds - (now.awake - last.awake) / SECOND
        return self._interval(now, seconds, "asleep" if slept > self.gap_seconds / 2 else "stalled")

    def _interval(self, now: Instant, seconds: float, cause: str) -> SampleInterval:
        began = now.wall - round(seconds * SECOND)
        is_gap = seconds > self.gap_seconds
        return SampleInterval(began, now.wall, seconds, cause if is_gap else "", began // SECOND)


def renamed(state: ClockState, boot: Boot) -> ClockState:
    """The ledger's last sample under the boot's id of now; under none, where it is another boot with the same id."""
    if boot.goes_on is None:
        return state
    return state._replace(boot_id=boot.id if boot.goes_on else "")


def _step(before: Instant, now: Instant, *, is_boot: bool) -> Step:
    since = now.elapsed if is_boot else now.elapsed - before.elapsed
    last, new = before.wall // SECOND, now.wall // SECOND
    seconds = round((now.wall - since - before.wall) / SECOND)
    return Step(last, last + seconds, new, now.elapsed // SECOND, before.elapsed // SECOND, is_boot)


def _incidents(step: Step, changes: list[ClockChange]) -> list[Incident]:
    """A boot says nothing of the clock where it only goes on; dated by the new clock at the last sample."""
    if step.seconds >= 0:
        is_set = any(not isinstance(change, Settle) for change in changes) or not step.is_boot
        what = "clock set forward"
    else:
        is_set = step.seconds <= -CLOCK_STEP_SECONDS
        what = "clock set back"
    return [Incident(step.start, "", what, detail=f"by {abs(step.seconds)} s")] if is_set else []
