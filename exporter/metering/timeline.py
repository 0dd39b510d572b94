"""Time between two looks: how long nobody looked, and whether somebody set the clock meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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

if TYPE_CHECKING:
    from exporter.metering.clock_repair import Change
    from exporter.metering.postings import MeterState
    from exporter.metering.readings import Look


class Stretch(NamedTuple):
    """The time between the last look and this one, in which what this look finds was moved.

    `began` and `ended` are wall nanoseconds by today's clock; `seconds` is measured by the steady clock (after a
    reboot: since the boot). `gap` names the cause where nobody looked for so long that the time is a guess.
    `unseen_since` is when the gap began (UTC seconds); before a reboot that is earlier than `began`.
    """

    began: int
    ended: int
    seconds: float
    gap: str = ""
    unseen_since: int = 0
    is_first_ever: bool = False
    is_new_boot: bool = False


class Timeline:
    """Follows the clocks from look to look, beginning with the last look that the ledger remembers."""

    def __init__(self, state: MeterState | None, gap_seconds: float) -> None:
        """`gap_seconds` without a look make a gap; `state` is None in a new ledger."""
        self._state = state
        self._gap_seconds = gap_seconds
        self._last: Instant | None = None
        self._has_moved_history = False
        self.reckoning = state.reckoning if state else None

    def follow(self, now: Instant, look: Look) -> tuple[list[Change], list[Incident]]:
        """What a boot, or a clock that was set since the last look, asks of the books, and a line for the record."""
        state = self._state
        changes: list[Change] = []
        if self.reckoning is None:
            self.reckoning = self._first_reckoning(now)
            if self.reckoning.began:
                changes.append(Settle(self.reckoning.began))
        before = self._last or (Instant(state.wall, state.elapsed, 0) if state else None)
        if before is None:
            return changes, []
        is_boot = self._last is None and state is not None and state.boot_id != look.boot_id
        step = _step(before, now, is_boot=is_boot)
        if not is_boot and abs(step.seconds) < CLOCK_STEP_SECONDS:
            self.reckoning = self.reckoning.goes_on(step.last, step.new)
            return changes, []
        self.reckoning, more = reckon(self.reckoning, step)
        self._has_moved_history = is_boot and any(not isinstance(change, Settle) for change in more)
        changes.extend(more)
        return changes, _incidents(step, more)

    def rename_boot(self, boot_id: str) -> None:
        """The boot of the ledger's last look is called so now; by no name, it was none that goes on."""
        if self._state is not None:
            self._state = self._state._replace(boot_id=boot_id)

    def stretch(self, now: Instant, look: Look) -> Stretch:
        """Measure the time since the last look, here or by an earlier service."""
        if self._last is not None:
            return self._running(now, self._last)
        state = self._state
        booted = now.wall - now.elapsed
        if state is None:
            return Stretch(booted, now.wall, now.elapsed / SECOND, is_first_ever=True)
        if state.boot_id == look.boot_id:
            seconds = max(now.elapsed - state.elapsed, 0) / SECOND
            return self._stretch(now, seconds, "down")
        # A last look under another clock is known to be before this boot, and no more.
        last = booted if self._has_moved_history or state.wall > now.wall else state.wall
        return Stretch(
            max(booted, last),
            now.wall,
            now.elapsed / SECOND,
            gap="down",
            unseen_since=last // SECOND,
            is_new_boot=True,
        )

    def sure(self, now: Instant) -> int:
        """The time (UTC seconds) that nobody doubts."""
        return now.wall // SECOND - (self.reckoning.doubt_at(now.elapsed // SECOND) if self.reckoning else 0)

    def looked(self, now: Instant) -> None:
        """Remember that a look succeeded."""
        self._last = now

    def is_gap_open(self, now: Instant) -> bool:
        """Whether nobody has looked for so long that what the next look finds will be a guess."""
        if self._last is not None:
            return now.elapsed - self._last.elapsed > self._gap_seconds * SECOND
        return self._state is not None and now.wall - self._state.wall > self._gap_seconds * SECOND

    def _first_reckoning(self, now: Instant) -> Reckoning:
        """Of a new ledger, or of one that an older version wrote: what that booked under a wrong clock may move."""
        state = self._state
        if state is None:
            return first_reckoning((now.wall - now.elapsed) // SECOND, now.wall // SECOND, now.elapsed // SECOND)
        return inherited_reckoning(state.wall // SECOND, state.elapsed // SECOND)

    def _running(self, now: Instant, last: Instant) -> Stretch:
        seconds = (now.elapsed - last.elapsed) / SECOND
        slept = seconds - (now.awake - last.awake) / SECOND
        return self._stretch(now, seconds, "asleep" if slept > self._gap_seconds / 2 else "stalled")

    def _stretch(self, now: Instant, seconds: float, cause: str) -> Stretch:
        began = now.wall - round(seconds * SECOND)
        is_gap = seconds > self._gap_seconds
        return Stretch(began, now.wall, seconds, cause if is_gap else "", began // SECOND)


def _step(before: Instant, now: Instant, *, is_boot: bool) -> Step:
    since = now.elapsed if is_boot else now.elapsed - before.elapsed
    last, new = before.wall // SECOND, now.wall // SECOND
    seconds = round((now.wall - since - before.wall) / SECOND)
    return Step(last, last + seconds, new, now.elapsed // SECOND, before.elapsed // SECOND, is_boot)


def _incidents(step: Step, changes: list[Change]) -> list[Incident]:
    """A boot says nothing of the clock where it only goes on; dated by the new clock at the last look."""
    if step.seconds >= 0:
        is_set = any(not isinstance(change, Settle) for change in changes) or not step.is_boot
        what = "clock set forward"
    else:
        is_set = step.seconds <= -CLOCK_STEP_SECONDS
        what = "clock set back"
    return [Incident(step.start, "", what, detail=f"by {abs(step.seconds)} s")] if is_set else []
