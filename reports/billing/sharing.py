"""A plan that machines share: its status by their ledgers together, and what each of them has used of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage, covered_subjects
from reports.billing.status import in_direction, plan_status
from reports.calendar.days import day_of
from reports.ledger.reader import NO_BYTES
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.billing.plans import Plan
    from reports.billing.status import PlanStatus
    from reports.ledger.reader import LedgerReader

Member = tuple[str, int | None]
"""A machine's name, and the time of its newest data (UTC seconds); None for now."""


class MachinePart(NamedTuple):
    """A machine, what the plan bills of it in the current cycle, and the time of its newest data; None for now.

    `used` is None in a plan of scopes: applications of all machines are added up before they are read.
    """

    name: str
    used: int | None
    seen: int | None


class Sharing(NamedTuple):
    """The machines of a plan, that with the most bytes first; `own` is this one's name, None where it is none of them.

    The mirror was read at `read_at` (UTC seconds), None where it never was: then this machine's bytes are all that is
    known. `problem` says why it could not be read the last time.
    """

    machines: tuple[MachinePart, ...] = ()
    own: str | None = None
    read_at: int | None = None
    problem: str = ""

    def behind_seconds(self, now: float) -> int:
        """The age of the newest data of the machine that sent its last before all others."""
        return max((int(now) - each.seen for each in self.machines if each.seen is not None), default=0)

    def with_own(self, added: int) -> Sharing:
        """The same after this machine has used so many bytes more."""
        machines = tuple(
            each._replace(used=each.used + added) if each.name == self.own and each.used is not None else each
            for each in self.machines
        )
        return self._replace(machines=machines)


def shared_status(
    ledger: LedgerReader, plan: Plan, now: float, members: Sequence[Member], sharing: Sharing
) -> PlanStatus:
    """The status of a plan by a ledger whose interfaces are its machines; `sharing` has all but them."""
    status = plan_status(ledger, plan, now)
    return status._replace(sharing=sharing._replace(machines=_machines(ledger, status, members, now)))


def unread_status(ledger: LedgerReader, plan: Plan, now: float, *, is_own: bool, problem: str) -> PlanStatus:
    """The status before the mirror was ever read: what this machine has used, nothing where it is none of them."""
    known = plan if is_own else plan._replace(interfaces=(), scopes=(), scope_prices=())
    status = plan_status(ledger, known, now)
    return status._replace(plan=plan, sharing=Sharing(problem=problem))


def _machines(
    ledger: LedgerReader, status: PlanStatus, members: Sequence[Member], now: float
) -> tuple[MachinePart, ...]:
    plan, seen = status.plan, dict(members)
    if plan.is_of_scopes:
        return tuple(MachinePart(name, None, at) for name, at in sorted(members))
    usage = BilledUsage(ledger, plan, covered_subjects(ledger, plan))
    today = day_of(int(now), ledger.zone)
    moved = usage.by_device(status.cycle.first, today)
    devices = ledger.devices()
    names = set(devices) if OTHER in devices else {*devices, *seen}
    rest = [at for name, at in members if name not in devices and at is not None]
    parts = [
        MachinePart(
            name,
            in_direction(plan, moved.get(name, NO_BYTES), status.bytes),
            seen.get(name, min(rest, default=None) if name == OTHER else None),
        )
        for name in names
    ]
    return tuple(sorted(parts, key=lambda part: (-(part.used or 0), part.name)))
