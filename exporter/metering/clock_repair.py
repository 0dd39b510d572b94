"""Where elapsed time and a clock that was set put what is booked: pure, and the same in both directions.

Within a boot the steady clock knows every distance, and the newest clock that is credible knows the place. So what was
booked since the boot (or since the last step) moves by the step, forward as backward; older history stays. A clock
before this software, or long before the last sample, is wrong: history stays where it is until a step mends it.
"""

from __future__ import annotations

from typing import NamedTuple

from exporter import RELEASED

CLOCK_STEP_SECONDS = 60
"""A wall clock that moved more than this against the steady one was set; less is what NTP does every day."""

MENDED_SECONDS = 35 * 86_400
"""A clock that goes back further than this is more likely broken than mended: history is not moved for it."""

SETTLED_SECONDS = 7 * 86_400
"""A clock that went so long without a step is right: what it booked is history. So long off is an ordinary holiday."""

BOOT_SECONDS = 3600
"""For so long after a boot, the time that the machine was off is not counted as passed: a step may follow."""


class Settle(NamedTuple):
    """What is booked until now stays where it is; what may move begins here (UTC seconds)."""

    at: int


class Move(NamedTuple):
    """What may move and was booked in [began, ended] (UTC seconds) moves by `seconds`, forward or back."""

    began: int
    ended: int
    seconds: int


class Realign(NamedTuple):
    """The clock had run ahead: what is booked later than `after` (UTC seconds) moves back by `seconds`, to it at most.

    `is_doubtful`: it may have to be undone, should a step forward show that the clock was behind. `began` is from when
    on everything moves back, also what is earlier than `after`; 0 where that is not known.
    """

    after: int
    seconds: int
    is_doubtful: bool = False
    began: int = 0


class PutBack(NamedTuple):
    """The clock was behind, and is right now: what moved back in doubt returns to where it was.

    What was booked since, in [began, ended] (UTC seconds), does not: it may move.
    """

    began: int
    ended: int


ClockChange = Settle | Move | Realign | PutBack
"""What a clock that was set asks of the ledger; applied in order."""


class Reckoning(NamedTuple):
    """What is known of the clock; it changes with boots and steps only.

    `began` (UTC seconds by today's clock) is where what may move begins, and `reach` where older history ends;
    `stepped` (seconds of the steady clock) is when the clock was last set, 0 for the boot. `is_wrong`: the clock is
    certainly behind.
    `lead` is how far (seconds) the clock is ahead of what steady time vouches for, and `lead_since` (seconds of the
    steady clock) since when. `doubted` is where history reached that moved back in doubt; 0 for none. `floor` is where
    history ends that a step has confirmed. `elder` is where rows of another clock begin that may have to follow a step,
    too: of earlier boots, should the clock go back to what it was then; of this one, from before it went wrong by
    `behind` seconds; 0 for none. `off` is how long (seconds) the machine was off before this boot, 0 once the clock was
    set in it.
    `furthest` is the latest instant of the clock, where it was set back since by less than a step; 0 for none.
    """

    began: int
    stepped: int = 0
    reach: int = 0
    lead: int = 0
    lead_since: int = 0
    doubted: int = 0
    floor: int = 0
    elder: int = 0
    behind: int = 0
    off: int = 0
    is_wrong: bool = False
    furthest: int = 0

    def goes_on(self, last: int, now: int) -> Reckoning:
        """The same clock: it was `last` and is `now`, which may be earlier by less than a step (UTC seconds)."""
        if now >= last:
            return self
        return self._replace(began=min(self.began, now), furthest=self.latest(last))

    def latest(self, last: int) -> int:
        """The latest instant (UTC seconds) of the clock, which is at `last`: nothing is entered later."""
        return max(last, self.furthest)

    def lead_at(self, elapsed: int) -> int:
        """The lead when the steady clock is at `elapsed` seconds: after a week without a step there is none."""
        return 0 if elapsed - self.lead_since >= SETTLED_SECONDS and not self.is_wrong else self.lead

    def doubt_at(self, elapsed: int) -> int:
        """By how much (seconds) the clock is ahead of the time beyond doubt; negative where it is wrong."""
        lead = self.lead_at(elapsed)
        return lead if self.is_wrong else max(lead, 0) + (self.off if elapsed < BOOT_SECONDS else 0)


class Step(NamedTuple):
    """The clock differs from elapsed time, or the machine has booted.

    `last` (UTC seconds) is the clock at the last sample, `start` what the clock of now would have been then
    (for a boot: when the boot began, as if no time had passed before), `new` the clock now. `elapsed` are seconds
    of the steady clock: now, and at the last sample.
    """

    last: int
    start: int
    new: int
    elapsed: int
    last_elapsed: int
    is_boot: bool

    @property
    def seconds(self) -> int:
        """How far the place of what was booked before is off by the new clock."""
        return self.start - self.last


def first_reckoning(began: int, now: int, elapsed: int) -> Reckoning:
    """Begin without a past."""
    return Reckoning(began, reach=min(began, now), lead_since=elapsed, is_wrong=now < RELEASED)


def inherited_reckoning(last: int, elapsed: int) -> Reckoning:
    """Begin with a ledger that an older version wrote: under a wrong clock, all of it may move; else it is history."""
    is_wrong = last < RELEASED
    return Reckoning(0 if is_wrong else last, reach=last, lead_since=elapsed, floor=last, is_wrong=is_wrong)


def reckon(held: Reckoning, step: Step) -> tuple[Reckoning, list[ClockChange]]:
    """What a step, or a boot, asks of the ledger, and what is known of the clock after it."""
    newest = held.reach if held.is_wrong else held.latest(step.last)
    is_young = not step.is_boot and step.last_elapsed - held.stepped < SETTLED_SECONDS
    reach = held.reach if is_young else newest
    sure = step.last - held.lead_at(step.last_elapsed)
    is_settled = step.last_elapsed - held.lead_since >= SETTLED_SECONDS and not held.is_wrong
    floor = newest if is_settled else held.floor
    if step.new < min(newest - MENDED_SECONDS, sure - MENDED_SECONDS, floor) or step.new < RELEASED:
        return _follow_a_wrong_clock(held, step, newest, sure)
    changes: list[ClockChange] = []
    doubted = held.doubted
    if doubted and step.seconds > 0 and not step.is_boot:
        changes.append(PutBack(min(held.elder or held.began, held.began), held.latest(step.last)))
        reach, doubted = max(reach, doubted), 0
    began, elder = _follow_the_young(held, step, sure, changes)
    if reach - step.start >= CLOCK_STEP_SECONDS:
        # What is pulled back forgets what else lies alone: it comes after all that moves and before
        # what a boot settles. What is pulled back from a week ago may move again.
        if elder:
            changes.append(Move(elder, newest, 0))
        is_settled_after = step.is_boot and isinstance(changes[-1], Settle)
        changes.insert(len(changes) - is_settled_after, _pull_back(held, step, reach, sure))
        doubted = max(doubted, reach)
    age = 0 if step.is_boot else step.elapsed
    lead, since = _lead(held, step, sure)
    off = step.seconds if step.is_boot and not held.is_wrong and 0 < step.seconds <= SETTLED_SECONDS else 0
    floor = floor if step.is_boot and not held.is_wrong else step.new
    furthest = held.furthest + step.seconds if held.furthest and not step.is_boot else 0
    return Reckoning(
        began, age, min(reach, step.start), lead, since, doubted, floor, elder, off=off, furthest=furthest
    ), changes


def _pull_back(held: Reckoning, step: Step, reach: int, sure: int) -> Realign:
    """What is later than a credible clock moves back, in doubt: a step forward may show that the clock was behind."""
    if step.is_boot and not held.is_wrong and _goes_on_as_before_a_step_forward(step, sure):
        return Realign(step.start, reach - sure, is_doubtful=True, began=held.began)
    return Realign(step.start, reach - step.start, is_doubtful=True)


def _follow_the_young(held: Reckoning, step: Step, sure: int, changes: list[ClockChange]) -> tuple[int, int]:
    """Move or settle what may move; returns where that begins now, and where the elder rows begin."""
    if held.is_wrong:
        changes.append(Move(held.began, held.latest(step.last), step.seconds))
        if not held.elder:
            return held.began + step.seconds, 0
        changes.append(Move(held.elder, held.reach, held.behind + step.seconds))
        return held.elder + held.behind + step.seconds, 0
    if not step.is_boot and step.last_elapsed - held.stepped < SETTLED_SECONDS:
        is_as_before = held.elder and abs(step.start - sure) < CLOCK_STEP_SECONDS
        changes.append(Move(held.elder if is_as_before else held.began, held.latest(step.last), step.seconds))
        return held.began + step.seconds, 0
    if step.is_boot and _goes_on_as_before_a_long_step_back(step, sure):
        changes.append(Move(held.began, held.latest(step.last), sure - step.last))
    elif step.is_boot and abs(sure - step.last) >= CLOCK_STEP_SECONDS and step.seconds > -CLOCK_STEP_SECONDS:
        return step.start, held.elder or held.began
    changes.append(Settle(step.start))
    return step.start, 0


def _goes_on_as_before_a_long_step_back(step: Step, sure: int) -> bool:
    """Whether a boot's clock goes on from where it was before a step back that mends no clock."""
    return sure - step.last >= MENDED_SECONDS and step.start > sure - CLOCK_STEP_SECONDS


def _goes_on_as_before_a_step_forward(step: Step, sure: int) -> bool:
    """Whether a boot's clock goes on from where it was before a step forward."""
    return sure - CLOCK_STEP_SECONDS < step.start <= step.last - CLOCK_STEP_SECONDS


def _follow_a_wrong_clock(held: Reckoning, step: Step, reach: int, sure: int) -> tuple[Reckoning, list[ClockChange]]:
    """Leave history in place, and follow the clock with what it books, until a step mends it."""
    age = step.last_elapsed - held.lead_since
    known = Reckoning(
        began=step.start,
        stepped=0 if step.is_boot else step.elapsed,
        reach=reach,
        lead=step.start - sure,
        lead_since=-age if step.is_boot else held.lead_since,
        doubted=held.doubted,
        floor=held.floor,
        is_wrong=True,
    )
    if held.is_wrong or (held.doubted and step.is_boot):
        furthest = held.furthest + step.seconds if held.furthest else 0
        known = known._replace(began=held.began + step.seconds, furthest=max(furthest, 0))
        if held.elder and not step.is_boot:
            known = known._replace(elder=held.elder, behind=held.behind + step.seconds)
        return known, [Move(held.began, held.latest(step.last), step.seconds)]
    if step.is_boot or step.last_elapsed - held.stepped >= SETTLED_SECONDS:
        return known, [Settle(step.start)]
    return known._replace(elder=held.began, behind=step.seconds), [Move(held.began, held.latest(step.last), 0)]


def _lead(held: Reckoning, step: Step, sure: int) -> tuple[int, int]:
    """How far the new clock is ahead of what is sure, and since when, for all that deletes by time.

    A machine that was off for less than a week, or whose clock was behind, is no reason for a doubt.
    """
    then, age = held.lead_at(step.last_elapsed), step.last_elapsed - held.lead_since
    since = -age if step.is_boot else held.lead_since
    lead = step.start - sure
    if sure < RELEASED:
        return 0, since
    if step.is_boot and (
        _goes_on_as_before_a_step_forward(step, sure) or _goes_on_as_before_a_long_step_back(step, sure)
    ):
        return 0, since
    if held.is_wrong:
        return (lead, 0 if step.is_boot else step.elapsed) if lead > SETTLED_SECONDS else (0, since)
    if not step.is_boot:
        return lead, step.elapsed if abs(lead) > abs(then) else since
    if step.seconds > SETTLED_SECONDS:
        return lead, 0
    return then + min(step.seconds, 0), since
