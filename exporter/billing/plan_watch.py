"""Status of every plan in memory, so that no scrape reads the ledger; crossed thresholds give a notice once a cycle."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from exporter.billing.claims import Claim
from exporter.billing.limit_watch import limit_receivers
from exporter.billing.messages import Crossing, message_of
from exporter.billing.outbox import outbox_state
from exporter.metering.clock import SECOND
from exporter.meters.applications.state import applications_of
from exporter.meters.interfaces.state import interfaces_of
from exporter.settings.plans.notify import Notify
from reports.billing.plans import ALL_HOSTS, counted_bytes, covers, in_free_hours
from reports.billing.sharing import shared_status, unread_status
from reports.billing.status import plan_status
from reports.calendar.days import SLOT_SECONDS, day_number
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.billing.notifier import Notifier
    from exporter.billing.outbox import OutboxState
    from exporter.metering.snapshots import Snapshot
    from reports.billing.plans import Plan
    from reports.billing.sharing import Member, Sharing
    from reports.billing.status import PlanStatus
    from reports.ledger.reader import LedgerReader

    Ask = Callable[[Callable[[LedgerReader], "_Answer"]], Awaitable["_Answer"]]

log = logging.getLogger(__name__)

REFRESH_SECONDS = 60.0
JUST_AFTER_SECONDS = 0.05
"""Timers run by the monotonic clock, and may fire some milliseconds early by the wall clock."""


class Line(NamedTuple):
    """The machines of a plan that share it, as they were last read.

    `ask` runs a question on their ledgers together; `members` are their names, each with the time of its newest data.
    `key` is a name for them that is the same on each machine.
    """

    ask: Ask
    members: Sequence[Member]
    sharing: Sharing
    key: str


class _Known(NamedTuple):
    """A plan at its last refresh: status, UTC seconds, and the lifetime bytes of its interfaces or scopes."""

    status: PlanStatus
    taken: int
    lifetimes: Mapping[str, tuple[int, int]]


class _Answer(NamedTuple):
    """Every plan's status and, at the first refresh, the outbox of earlier services."""

    statuses: list[PlanStatus]
    outbox: OutboxState | None


class PlanWatch:
    """The plans of one service."""

    def __init__(
        self,
        *,
        plans: Sequence[Plan],
        notify: Mapping[str, Notify],
        zone: ZoneInfo,
        snapshot: Callable[[], Snapshot | None],
        notifier: Notifier,
        hostname: str,
        is_own: Callable[[Plan], bool] = lambda _plan: True,
    ) -> None:
        """`notify` is by the plan's name; `snapshot` gives the newest one; `hostname` is named in notices.

        `is_own` says whether this machine is one of those that share a plan.
        """
        self._plans, self._receivers, self._zone, self._snapshot = plans, notify, zone, snapshot
        self._hostname = hostname
        self._notifier = notifier
        self._known: tuple[_Known, ...] = ()
        self._shared: dict[str, _Known] = {}
        self._problems: dict[str, str] = {}
        self._is_own = is_own
        self._is_resumed = False

    @property
    def is_resumed(self) -> bool:
        """True once thresholds that earlier services crossed are known."""
        return self._is_resumed

    @property
    def shared(self) -> list[Plan]:
        """The plans that machines share."""
        return [plan for plan in self._plans if plan.hosts]

    @property
    def has_unread(self) -> bool:
        """True while the machines of one of them were never read."""
        return any(plan.name not in self._shared for plan in self.shared)

    async def refresh(self, ask: Ask) -> None:
        """Read each plan's status; notify of thresholds that were crossed for the first time in their cycle.

        `ask` runs a question on the ledger and unposted rows, as of the newest snapshot.
        """
        snapshot = self._snapshot()
        if snapshot is None:
            return
        now, is_first = snapshot.taken.wall / SECOND, not self._is_resumed

        def question(ledger: LedgerReader) -> _Answer:
            statuses = [self._status(ledger, plan, now) for plan in self._plans]
            return _Answer(statuses, outbox_state(ledger.state()) if is_first else None)

        answer = await ask(question)
        self._known = tuple(_Known(status, int(now), _lifetimes(snapshot, status.plan)) for status in answer.statuses)
        if answer.outbox is not None and not self._is_resumed:
            self._is_resumed = True
            self._notifier.resume(answer.outbox, self._receivers_of)
        for status in self.live():
            if status.sharing is None:
                self._notify_of(status, "")

    async def refresh_shared(self, plan: Plan, line: Line) -> None:
        """Read the status of a plan that machines share, and notify as `refresh` does, one machine for all."""
        snapshot = self._snapshot()
        if snapshot is None:
            return
        now = snapshot.taken.wall / SECOND
        answer = await line.ask(
            lambda ledger: _Answer([shared_status(ledger, plan, now, line.members, line.sharing)], None)
        )
        lifetimes = _lifetimes(snapshot, plan) if line.sharing.own is not None else {}
        self._shared[plan.name] = _Known(answer.statuses[0], int(now), lifetimes)
        self._problems[plan.name] = line.sharing.problem
        if self._is_resumed:
            self._notify_of(next(status for status in self.live() if status.plan is plan), line.key)

    def note_unread(self, plan: Plan, problem: str) -> None:
        """Note why the machines of a plan could not be read: what is known of them stays."""
        self._problems[plan.name] = problem

    def _status(self, ledger: LedgerReader, plan: Plan, now: float) -> PlanStatus:
        if not plan.hosts:
            return plan_status(ledger, plan, now)
        if plan.name in self._shared:
            return self._shared[plan.name].status
        problem = self._problems.get(plan.name, "")
        return unread_status(ledger, plan, now, is_own=self._is_own(plan), problem=problem)

    def live(self) -> tuple[PlanStatus, ...]:
        """Every plan with the bytes since the last refresh; free hours bill nothing."""
        snapshot = self._snapshot()
        if snapshot is None:
            return ()
        known = (self._shared.get(each.status.plan.name, each) for each in self._known)
        return tuple(self._with_problem(self._live(each, snapshot)) for each in known)

    def seconds_to_refresh(self, now: float) -> float:
        """Seconds from `now` (UTC seconds) to the next refresh: a minute, or to just after the next slot begins.

        Free hours and cycles begin and end with a slot.
        """
        return min(REFRESH_SECONDS, SLOT_SECONDS - now % SLOT_SECONDS + JUST_AFTER_SECONDS)

    def _live(self, known: _Known, snapshot: Snapshot) -> PlanStatus:
        status = known.status
        seconds = snapshot.taken.wall // SECOND
        ends = (known.taken, seconds)
        # Bytes since then may be free, or of another cycle, as soon as one end is: the next refresh knows.
        if seconds >= status.cycle.end or any(in_free_hours(status.plan, end, self._zone) for end in ends):
            return status
        received, sent = status.bytes.received, status.bytes.sent
        # Before its cycle has used any, the scopes of a status are the mix of the cycle before.
        scopes = dict(status.scopes) if status.used else {}
        for name, moved in _lifetimes(snapshot, status.plan).items():
            # A new interface may bring bytes of another cycle: the next refresh knows. A scope begins with none.
            then = known.lifetimes.get(name, (0, 0) if status.plan.is_of_scopes else moved)
            pair = moved[0] - then[0], moved[1] - then[1]
            received, sent = received + pair[0], sent + pair[1]
            scopes[name] = scopes.get(name, 0) + counted_bytes(status.plan, *pair)
        used = counted_bytes(status.plan, received, sent)
        found = status.with_used(used, scopes if status.plan.scope_prices and used else status.scopes)
        return found._replace(sharing=found.sharing and found.sharing.with_own(used - status.used))

    def _with_problem(self, status: PlanStatus) -> PlanStatus:
        if status.sharing is None:
            return status
        problem = self._problems.get(status.plan.name, "")
        return status._replace(sharing=status.sharing._replace(problem=problem))

    def _receivers_of(self, message: Mapping[str, object]) -> Notify | None:
        is_of_plan = message.get("plan") is not None
        return limit_receivers(self._receivers) if not is_of_plan else self._receivers.get(str(message.get("plan")))

    def _notify_of(self, status: PlanStatus, machines: str) -> None:
        for percent, is_reached in status.thresholds:
            if is_reached:
                self._notify(status, percent, machines)

    def _notify(self, status: PlanStatus, percent: int, machines: str) -> None:
        is_new = self._notifier.notify_once(
            key=_key(status, percent, machines),
            notify=self._receivers.get(status.plan.name, Notify()),
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


def _key(status: PlanStatus, percent: int, machines: str) -> str:
    plan = status.plan
    if not plan.hosts:
        return f"{plan.name}:{status.cycle.start}:{percent}"
    # By the day: the cycle begins at another instant where another zone is.
    name = plan.name if machines == ALL_HOSTS else f"{plan.name} ({machines})"
    return Claim(name, day_number(status.cycle.first), str(percent)).key


def _lifetimes(snapshot: Snapshot, plan: Plan) -> dict[str, tuple[int, int]]:
    """Bytes received and transmitted of the interfaces or scopes that the plan covers, unposted ones included.

    They are lifetimes of interfaces, and since the service started of scopes.
    """
    if plan.is_of_scopes:
        state = applications_of(snapshot)
        counted = {} if state is None else state.counted_by_scope
        return {scope: moved for scope, moved in counted.items() if plan.bills_scope(scope)}
    return {
        state.name: (state.lifetime.receive_bytes, state.lifetime.transmit_bytes)
        for state in interfaces_of(snapshot).interfaces
        if covers(plan, state.name, is_counted=state.is_counted)
    }
