"""What a page knows of the other machines, without a wait for their mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.mirror.group.figures import hosts_answer
from exporter.mirror.group.hosts import (
    GroupPendingError,
    HostList,
    MirrorAwayError,
    NoMirrorError,
    hosts_label,
    words_of,
)
from exporter.web.page.facts import usage_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.mirror.group.groups import Group
    from exporter.web.context import ServiceContext
    from exporter.web.page.facts import Month, PageFacts, UsageFacts
    from reports.ledger.reader import LedgerReader

NO_WAIT = 0.0


class PageMachines:
    """The machines of the mirror for one page; none without a mirror."""

    def __init__(self, context: ServiceContext, now: float, names: Sequence[str]) -> None:
        """`names` are those of the machines whose usage is asked for; none for this one's."""
        self._context, self._now, self._names = context, now, names
        self._known, self._problem = HostList(), ""
        self._group: Group | None = None
        self._usage: UsageFacts | None = None

    async def find(self) -> None:
        """Find what is known of them; raises UnknownHostError."""
        groups = self._context.groups
        if groups is None:
            return
        try:
            self._known = await groups.hosts(NO_WAIT)
            if self._names:
                self._group = await groups.group(self._names, NO_WAIT)
        except (GroupPendingError, MirrorAwayError) as error:
            self._problem = str(error)
        self._problem = groups.problem or self._problem

    async def read(self, which: Month | None) -> None:
        """Read the usage of the group, where one is asked for and known; raises sqlite3.Error."""
        if self._group is not None:
            plan, now = self._context.settings.plans[0], self._now
            self._usage = await self._context.ask(lambda ledger: usage_facts(ledger, now, plan, which), self._group)

    def in_facts(self, ledger: LedgerReader, facts: PageFacts) -> PageFacts:
        """The facts of this machine with those of the others."""
        context, groups = self._context, self._context.groups
        if groups is None:
            return facts
        answer = hosts_answer(ledger, self._now, context.host, self._known, groups.labels, self._problem)
        facts = facts._replace(machines=answer, asked_hosts=",".join(self._names))
        if self._usage is None:
            return facts
        usage = self._usage
        if not context.settings.plans[0].hosts:  # a price of this machine alone
            usage = usage._replace(today_cost=None, lifetime_cost=None)
        return facts._replace(**usage._asdict(), hosts=hosts_label(self._names))


async def machines_of(context: ServiceContext, now: float, given: Sequence[str]) -> PageMachines:
    """The machines for a page at `now`; raises UnknownHostError and NoMirrorError."""
    names = words_of(given)
    if names and context.groups is None:
        raise NoMirrorError
    found = PageMachines(context, now, names)
    await found.find()
    return found
