"""Time between two looks: how long nobody looked, and whether somebody set the clock meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.clock import SECOND, Instant
from exporter.metering.postings import SET_FORWARD, Incident, Realign

if TYPE_CHECKING:
    from exporter.metering.postings import MeterState
    from exporter.metering.readings import Look

CLOCK_STEP_SECONDS = 60
"""A wall clock that moved more than this against the steady one was set; less is what NTP does every day."""

MENDED_SECONDS = 35 * 86_400
"""A clock that goes back further than this is more likely broken than mended: history is not moved for it."""


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

    def rename_boot(self, boot_id: str) -> None:
        """The boot of the ledger's last look is called so now; by no name, it was none that goes on."""
        if self._state is not None:
            self._state = self._state._replace(boot_id=boot_id)

    def stretch(self, now: Instant, look: Look) -> Stretch:
        """Measure the time since the last look, here or by an earlier service."""
        if self._last is not None:
            return self._running(now, self._last)
        state = self._state
        if state is None:
            booted = now.wall - now.elapsed
            return Stretch(booted, now.wall, now.elapsed / SECOND, is_first_ever=True)
        if state.boot_id == look.boot_id:
            seconds = max(now.elapsed - state.elapsed, 0) / SECOND
            return self._stretch(now, seconds, "down")
        booted = now.wall - now.elapsed
        unseen_since = min(state.wall, now.wall) // SECOND
        return Stretch(
            max(booted, min(state.wall, now.wall)),
            now.wall,
            now.elapsed / SECOND,
            gap="down",
            unseen_since=unseen_since,
            is_new_boot=True,
        )

    def realignment(self, now: Instant, look: Look) -> tuple[Realign | None, Incident | None]:
        """What a clock that was set since the last look asks for: booked rows moved back, a line for the record.

        After a reboot nobody knows which clock was wrong: one without a battery begins in the past, and the ledger's
        history must not follow it there. Then, and after a very long step, only what is known to be ahead moves.
        """
        at = now.wall // SECOND
        before = self._last or self._remembered(look)
        if before is None:
            is_behind = self._state is not None and now.wall < self._state.wall
            return (Realign(at, 0, is_only_known_ahead=True) if is_behind else None), None
        step = ((now.wall - now.elapsed) - (before.wall - before.elapsed)) / SECOND
        if abs(step) < CLOCK_STEP_SECONDS:
            return None, None
        seconds = round(abs(step))
        detail = f"by {seconds} s"
        if step > 0:
            last_look = (now.wall - (now.elapsed - before.elapsed)) // SECOND
            return None, Incident(last_look, "", SET_FORWARD, detail=detail)
        realign = Realign(at, seconds, is_only_known_ahead=seconds > MENDED_SECONDS)
        return realign, Incident(at, "", "clock set back", detail=detail)

    def looked(self, now: Instant) -> None:
        """Remember that a look succeeded."""
        self._last = now

    def is_gap_open(self, now: Instant) -> bool:
        """Whether nobody has looked for so long that what the next look finds will be a guess."""
        if self._last is not None:
            return now.elapsed - self._last.elapsed > self._gap_seconds * SECOND
        return self._state is not None and now.wall - self._state.wall > self._gap_seconds * SECOND

    def _remembered(self, look: Look) -> Instant | None:
        state = self._state
        if state is None or state.boot_id != look.boot_id:
            return None
        return Instant(wall=state.wall, elapsed=state.elapsed, awake=0)

    def _running(self, now: Instant, last: Instant) -> Stretch:
        seconds = (now.elapsed - last.elapsed) / SECOND
        slept = seconds - (now.awake - last.awake) / SECOND
        return self._stretch(now, seconds, "asleep" if slept > self._gap_seconds / 2 else "stalled")

    def _stretch(self, now: Instant, seconds: float, cause: str) -> Stretch:
        began = now.wall - round(seconds * SECOND)
        is_gap = seconds > self._gap_seconds
        return Stretch(began, now.wall, seconds, cause if is_gap else "", began // SECOND)
