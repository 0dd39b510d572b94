"""Which interfaces are metered, and which of them count for the machine's total; pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.counters.readings import Link

AUTO = ("auto",)
EVERYTHING = "*"


class CountingRules(NamedTuple):
    """Globs from the settings: what to meter, what not, and what to count (AUTO: the uplinks)."""

    include: tuple[str, ...] = (EVERYTHING,)
    exclude: tuple[str, ...] = ()
    counted: tuple[str, ...] = AUTO

    def is_metered(self, link: Link) -> bool:
        """Loopback only by a glob that was written for it: `*` does not mean a machine's talk with itself."""
        if not link.is_loopback:
            return self.is_metered_name(link.name)
        named = [glob for glob in self.include if glob != EVERYTHING]
        return _matches(link.name, named) and not _matches(link.name, self.exclude)

    def is_metered_name(self, name: str) -> bool:
        """Whether the globs let this name in, whatever it is."""
        return _matches(name, self.include) and not _matches(name, self.exclude)

    def is_counted(self, name: str, ever_uplinks: Iterable[str]) -> bool:
        """Whether the bytes of this metered interface belong to the machine's total, now and in its history."""
        if self.counted == AUTO:
            return name in ever_uplinks
        return _matches(name, self.counted)


def metered(links: Mapping[str, Link], rules: CountingRules) -> frozenset[str]:
    """Names of the interfaces that the rules meter."""
    return frozenset(name for name, link in links.items() if rules.is_metered(link))


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)
