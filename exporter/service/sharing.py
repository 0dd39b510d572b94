"""Plans that machines share, followed in their own time: nothing else waits for the mirror."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

from exporter.billing.plan_watch import Line
from exporter.mirror.group.hosts import ALL, GroupPendingError, MirrorAwayError, UnknownHostError, chosen
from reports.billing.sharing import Sharing

if TYPE_CHECKING:
    from exporter.billing.plan_watch import PlanWatch
    from exporter.mirror.group.groups import Groups
    from exporter.web.context import ServiceContext
    from reports.billing.plans import Plan

UNREAD_SECONDS = 1.0
"""Between two looks while the machines of a plan were never read."""

SHARED_SECONDS = 2.0
"""A look waits so long for machines that were never read."""


def is_own(plan: Plan, groups: Groups | None) -> bool:
    """True if this machine is one of those that share a plan."""
    return ALL in plan.hosts or (groups is not None and not groups.own_names.isdisjoint(plan.hosts))


async def follow_shared(plans: PlanWatch, context: ServiceContext, wait: float) -> None:
    """Ask how the plans stand that machines share; `wait` seconds for machines that were never read."""
    groups = context.groups
    if groups is None:
        return
    for plan in plans.shared:
        try:
            await plans.refresh_shared(plan, await _line(context, groups, plan, wait))
        except GroupPendingError as error:
            plans.note_unread(plan, groups.problem or str(error))
        except (MirrorAwayError, UnknownHostError, sqlite3.Error) as error:
            plans.note_unread(plan, str(error))


async def _line(context: ServiceContext, groups: Groups, plan: Plan, wait: float) -> Line:
    group = await groups.group(plan.hosts, wait)
    sharing = Sharing(own=group.own and group.own.device, read_at=group.read_at, problem=groups.problem)
    key = chosen(plan.hosts, groups.labels).key
    return Line(lambda question: context.ask(question, group), group.members, sharing, key)


async def follow_shared_when_due(plans: PlanWatch, context: ServiceContext) -> None:
    """Wait until it is time, and ask."""
    due = plans.seconds_to_refresh(context.now)
    await asyncio.sleep(min(due, UNREAD_SECONDS) if plans.has_unread else due)
    await follow_shared(plans, context, SHARED_SECONDS)
