"""The links of a network namespace: the name of each index, what was added and what was removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from exporter.metering.counters.readings import Counts
    from exporter.meters.interfaces.linux.netlink import LinkFacts


class RemovedLink(NamedTuple):
    """A link removed from this namespace: its last counts, and `announced` where it was not read in between."""

    ifindex: int
    name: str
    counts: Counts
    announced: Counts | None


class LinkTable:
    """The interfaces of one namespace, kept true by the kernel's link messages in their order."""

    def __init__(self) -> None:
        self.members: dict[int, LinkFacts] = {}
        self.names: dict[str, int] = {}
        self.announced: dict[int, Counts] = {}
        self.removed: list[RemovedLink] = []
        self.replaced: set[int] = set()
        """Indexes that another device has now, which was not announced."""
        self.changed: set[int] = set()
        """Indexes whose facts differ since this set was emptied."""

    def learn(self, facts: LinkFacts) -> set[str]:
        """Take a link as it stands, whenever it began; gives the names that now mean something else."""
        before = self.members.get(facts.ifindex)
        if before == facts:
            return set()
        self.members[facts.ifindex] = facts
        self.changed.add(facts.ifindex)
        if before is not None and _is_another(before, facts):
            self.announced.pop(facts.ifindex, None)
            self.replaced.add(facts.ifindex)
        if before is not None and before.name == facts.name:
            return set()
        touched = {facts.name}
        if before is not None:
            touched.add(before.name)
            self._release(before)
        self.names[facts.name] = facts.ifindex
        return touched

    def follow(self, facts: LinkFacts, counts: Counts | None) -> set[str]:
        """Apply a link event; an unknown index is new, with these counts."""
        if counts is not None and facts.ifindex not in self.members:
            self.announced[facts.ifindex] = counts
        return self.learn(facts)

    def leave(self, facts: LinkFacts, counts: Counts | None) -> set[str]:
        """Take the end of a link, which another one's index or name may follow at once."""
        before = self.members.pop(facts.ifindex, None)
        if before is None:
            return set()
        self._release(before)
        announced = self.announced.pop(facts.ifindex, None)
        self.replaced.discard(facts.ifindex)
        self.changed.add(facts.ifindex)
        if counts is not None:
            self.removed.append(RemovedLink(facts.ifindex, before.name, counts, announced))
        return {before.name}

    def keep_only(self, indexes: set[int]) -> None:
        """Forget links whose removal was not announced."""
        for index in self.members.keys() - indexes:
            self._release(self.members.pop(index))
            self.announced.pop(index, None)
            self.replaced.discard(index)
            self.changed.add(index)

    def acknowledge(self, names: set[str] | dict[str, object]) -> None:
        """Forget announced counts of links that were read, and all removed links."""
        self.removed.clear()
        for index in [index for index in self.announced if self.members[index].name in names]:
            del self.announced[index]
        self.replaced -= {index for index in self.replaced if self.members[index].name in names}

    def _release(self, facts: LinkFacts) -> None:
        if self.names.get(facts.name) == facts.ifindex:
            del self.names[facts.name]


def _is_another(before: LinkFacts, after: LinkFacts) -> bool:
    """A device never changes its kind; a renamed one keeps its address, one with another address its name."""
    return before.kind != after.kind or (before.name != after.name and before.address != after.address)
