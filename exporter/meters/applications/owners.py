"""Names of owners: asked for once each, and made fit for labels and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exporter.meters.applications.state import HIDDEN, SPECIALS
from exporter.meters.applications.traffic import UNKNOWN

if TYPE_CHECKING:
    from exporter.meters.applications.traffic import Owner

MOST_KEPT = 4096
"""Names of a generation: half of what is kept at most, about 1 MB."""

LONGEST = 200
"""Characters of a name: a pod's namespace and workload have up to 63 and 253."""

GIVEN = frozenset({UNKNOWN, HIDDEN})
"""Special names that a namer may give."""


class Namer(Protocol):
    """Says what an application is called."""

    def name_of(self, owner: Owner) -> str:
        """The application of an owner; called once for each, while its process may still be there. Raises nothing."""


class CommandNamer:
    """Calls an application by its process."""

    def name_of(self, owner: Owner) -> str:
        """The process' name."""
        return owner.command or UNKNOWN


class NamedOwners:
    """Names by owner, as long as owners are met: those of vanished processes are forgotten, generation by generation.

    A name is kept while its owner moves bytes, since the process that it was read from may be gone by then.
    """

    def __init__(self, namer: Namer, most: int = MOST_KEPT) -> None:
        """`most` names make a generation."""
        self._namer, self._most = namer, most
        self._new: dict[Owner, str] = {}
        self._old: dict[Owner, str] = {}

    def name_of(self, owner: Owner) -> str:
        """The application of an owner."""
        if owner.special in SPECIALS:
            return owner.special
        name = self._new.get(owner)
        if name is None:
            name = self._old.get(owner) or fit_name(self._namer.name_of(owner))
            if len(self._new) >= self._most:
                self._new, self._old = {}, self._new
            self._new[owner] = name
        return name

    def __len__(self) -> int:
        return len(self._new) + len(self._old)


def fit_name(text: str) -> str:
    """A name without control characters and of bounded length; one that poses as a special name loses its brackets."""
    name = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text[:LONGEST]).strip()
    if not name:
        return UNKNOWN
    return name.strip("()") if name in SPECIALS - GIVEN else name
