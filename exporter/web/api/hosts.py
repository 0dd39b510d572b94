"""Machines over HTTP: each with what it moved, and how old its newest data is."""

from __future__ import annotations

from exporter.mirror.group.figures import hosts_answer
from exporter.mirror.group.hosts import GroupPendingError, HostList, MirrorAwayError
from exporter.web.context import ServiceContext
from exporter.web.http.queries import NoQuery
from exporter.web.http.routes import Routes
from reports.formats.json import hosts as shapes  # noqa: TC001 - Routes reads the type of the answer

routes = Routes()


@routes.service("GET", "/api/hosts", "Machines and their usage")
async def hosts(context: ServiceContext, _query: NoQuery) -> shapes.Hosts:
    """Every machine of the mirror, with today, this month, its share of that, and how old its newest data is.

    Without a mirror, this machine alone. Where the mirror is away, as it was last read.
    """
    context.fresh_snapshot()
    groups, own, now = context.groups, context.host, context.now
    if groups is None:
        return await context.ask(lambda ledger: hosts_answer(ledger, now, own, HostList(), {}))
    problem = ""
    try:
        known = await groups.hosts()
    except (GroupPendingError, MirrorAwayError) as error:
        known, problem = HostList(), str(error)
    problem, labels = groups.problem or problem, groups.labels
    return await context.ask(lambda ledger: hosts_answer(ledger, now, own, known, labels, problem))
