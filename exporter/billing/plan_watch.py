"""Keeps every plan's status at hand, so that no scrape asks the ledger, and notices crossed thresholds once a cycle."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from exporter.billing.messages import Crossing, message_of
from exporter.billing.outbox import read_notices
from exporter.metering.clock import SECOND
from exporter.settings.plans.notify import Notify
from reports.billing.plans import counted_bytes, covers, in_free_hours
from reports.billing.status import plan_status
from reports.calendar.periods import SLOT_SECONDS
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.billing.notifier import Notifier
    from exporter.billing.outbox import DeliveredNotices
    from exporter.metering.snapshots import Snapshot
    from reports.billing.plans import Plan
    from reports.billing.status import PlanStatus
    from reports.ledger.reader import LedgerReader

    Ask = Callable[[Callable[[LedgerReader], "_Answer"]], Awaitable["_Answer"]]

log = logging.getLogger(__name__)

REFRESH_SECONDS = 60.0
JUST_AFTER_SECONDS = 0.05
"""Timers go by another clock, and may be early by some milliseconds."""


class _Known(NamedTuple):
    status: PlanStatus
    taken: int
    lifetimes: Mapping[str, tuple[int, int]]


class _Answer(NamedTuple):
    """How plans stand and, where it was asked for, what earlier services have told of them."""

    found: list[PlanStatus]
    told: DeliveredNotices | None


class PlanWatch:
    """One for each service."""

    def __init__(
        self,
        *,
        plans: Sequence[Plan],
        notify: Mapping[str, Notify],
        zone: ZoneInfo,
        snapshot: Callable[[], Snapshot | None],
        notifier: Notifier,
        hostname: str,
    ) -> None:
        """`notify` is by the plan's name; `snapshot` gives the newest one; `hostname` is the machine of a notice."""
        self._plans, self._notify, self._zone, self._snapshot = plans, notify, zone, snapshot
        self._hostname = hostname
        self._notifier = notifier
        self._known: tuple[_Known, ...] = ()
        self._is_resumed = False

    async def refresh(self, ask: Ask) -> None:
        """Ask how each plan stands, and tell of thresholds that are crossed for the first time in their cycle.

        `ask` puts a question to the ledger and what waits for it, at the moment of the newest snapshot.
        """
        snapshot = self._snapshot()
        if snapshot is None:
            return
        now, is_first = snapshot.taken.wall / SECOND, not self._is_resumed

        def question(ledger: LedgerReader) -> _Answer:
            found = [plan_status(ledger, plan, now) for plan in self._plans]
            return _Answer(found, read_notices(ledger.state()) if is_first else None)

        answer = await ask(question)
        self._known = tuple(_Known(status, int(now), _lifetimes(snapshot, status.plan)) for status in answer.found)
        if answer.told is not None and not self._is_resumed:
            self._is_resumed = True
            self._notifier.resume(answer.told, self._notify.get)
        for status in self.live():
            for percent, is_reached in status.thresholds:
                if is_reached:
                    self._tell(status, percent)

    def live(self) -> tuple[PlanStatus, ...]:
        """Every plan with what was moved since the last refresh: free hours bill nothing."""
        snapshot = self._snapshot()
        return () if snapshot is None else tuple(self._live(known, snapshot) for known in self._known)

    def seconds_to_refresh(self, now: float) -> float:
        """How long after `now` (UTC seconds) it is due: every minute, and just after a quarter hour has begun.

        Free hours and cycles begin and end with one.
        """
        return min(REFRESH_SECONDS, SLOT_SECONDS - now % SLOT_SECONDS + JUST_AFTER_SECONDS)

    def _live(self, known: _Known, snapshot: Snapshot) -> PlanStatus:
        status = known.status
        seconds = snapshot.taken.wall // SECOND
        ends = (known.taken, seconds)
        # What was moved since may be free, or of another cycle, as soon as one end of it is: the next refresh tells.
        if seconds >= status.cycle.end or any(in_free_hours(status.plan, end, self._zone) for end in ends):
            return status
        received, sent = status.bytes.received, status.bytes.sent
        for device, moved in _lifetimes(snapshot, status.plan).items():
            # One that was not there at the refresh may have a past, which is not of this cycle: the next one tells.
            then = known.lifetimes.get(device, moved)
            received += moved[0] - then[0]
            sent += moved[1] - then[1]
        return status.with_used(counted_bytes(status.plan, received, sent))

    def _tell(self, status: PlanStatus, percent: int) -> None:
        is_new = self._notifier.tell_once(
            key=f"{status.plan.name}:{status.cycle.start}:{percent}",
            notify=self._notify.get(status.plan.name, Notify()),
            message=message_of(
                Crossing(
                    host=self._hostname,
                    plan=status.plan.name,
                    percent=percent,
                    used=status.used,
                    cap=status.cap or 0,
                    first=status.cycle.first,
                    last=status.cycle.last,
                    forecast=status.forecast and status.forecast.expected,
                )
            ),
        )
        if is_new:
            used, cap = human_bytes(status.used), human_bytes(status.cap or 0)
            log.warning("plan %s has used %s of its %s: %d %% are reached", status.plan.name, used, cap, percent)


def _lifetimes(snapshot: Snapshot, plan: Plan) -> dict[str, tuple[int, int]]:
    """Bytes received and sent of what the plan covers; the ledger may not know all of it yet."""
    return {
        state.name: (state.lifetime.receive_bytes, state.lifetime.transmit_bytes)
        for state in snapshot.interfaces
        if covers(plan, state.name, is_counted=state.is_counted)
    }
