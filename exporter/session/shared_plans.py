"""Plans that machines share, as commands ask for them: by the running service, else from the mirror itself."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from exporter.identity import identify_host
from exporter.mirror.group.hosts import GroupPendingError, MirrorAwayError, UnknownHostError
from exporter.session.client import ServiceError
from reports.billing.plans import ALL_HOSTS
from reports.billing.sharing import Sharing, shared_status, unread_status
from reports.formats.json import plans as json_plans
from reports.ledger.reader import LedgerReader

if TYPE_CHECKING:
    from exporter.mirror.group.groups import Group, Groups
    from exporter.session.session import Session
    from reports.billing.plans import Plan
    from reports.billing.status import PlanStatus

WAIT_SECONDS = 5.0
"""A command waits so long for the mirror."""


def shared_plan(session: Session, ledger: LedgerReader, plan: Plan) -> json_plans.PlanAnswer:
    """How such a plan stands; where the mirror is away by what was read last, and its age."""
    if session.client is not None:
        # A service of older settings, or one that ends just now, does not have it.
        with contextlib.suppress(ServiceError, msgspec.MsgspecError):
            found = session.client.get(f"/api/plans?{urlencode({'plan': plan.name})}")
            answer = msgspec.convert(found, json_plans.Plans).plans[0]
            if answer.sharing:
                return answer
    return json_plans.plan(asyncio.run(_status(session, ledger, plan)), ledger.zone, session.now())


async def _status(session: Session, ledger: LedgerReader, plan: Plan) -> PlanStatus:
    own, now = identify_host(ledger.state()["ledger_id"]), session.now()
    opening = import_module("exporter.mirror.group.opening")
    groups: Groups = opening.open_groups(session.settings, own, lambda: ledger.zone, session.now)
    try:
        try:
            group = await asyncio.wait_for(groups.group(plan.hosts, None), WAIT_SECONDS)
        except TimeoutError:
            group = await groups.group(plan.hosts, 0.0)  # as it was read before
        return _of_group(group, groups.problem, plan, now)
    except (GroupPendingError, MirrorAwayError, UnknownHostError, sqlite3.Error) as error:
        is_own = not {ALL_HOSTS, *groups.own_names}.isdisjoint(plan.hosts)
        problem = str(error) or groups.problem or "the mirror does not answer"
        return unread_status(ledger, plan, now, is_own=is_own, problem=problem)
    finally:
        await groups.close()


def _of_group(group: Group, problem: str, plan: Plan, now: float) -> PlanStatus:
    own_rows = import_module("exporter.mirror.group.own_rows")
    sharing = Sharing(own=group.own and group.own.device, read_at=group.read_at, problem=problem)
    with contextlib.closing(own_rows.connect_to_group(group.path, group.own)) as connection:
        reader = LedgerReader(connection)
        with reader.at_one_moment():
            return shared_status(reader, plan, now, group.members, sharing)
