"""Names of owners: asked for until they are settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exporter.meters.applications.names.text import safe_name
from exporter.meters.applications.state import SPECIALS
from exporter.meters.applications.traffic import UNKNOWN

if TYPE_CHECKING:
    from exporter.meters.applications.traffic import Owner

MOST_KEPT = 4096
"""Names of a generation: half of what is kept at most, about 1 MB."""


class Namer(Protocol):
    """Says what an application is called."""

    def name_of(self, owner: Owner) -> str:
        """The application of an owner: safe to show, special where it stands for no application. Raises nothing."""

    def is_settled(self, owner: Owner) -> bool:
        """Whether that name stays, and the owner need not be asked for again."""

    def refresh(self) -> None:
        """Read slow facts; runs on a worker thread."""


class CommandNamer:
    """Calls an application by its process."""

    def name_of(self, owner: Owner) -> str:
        """The process' name."""
        return safe_name(owner.command) if owner.command else UNKNOWN

    def is_settled(self, _owner: Owner) -> bool:
        """Always: it knows no more later."""
        return True

    def refresh(self) -> None:
        """Nothing is slow."""


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
            name = self._old.get(owner) or self._namer.name_of(owner)
            if owner not in self._old and not self._namer.is_settled(owner):
                return name
            if len(self._new) >= self._most:
                self._new, self._old = {}, self._new
            self._new[owner] = name
        return name

    def refresh(self) -> None:
        """Have the namer read slow facts."""
        self._namer.refresh()

    def __len__(self) -> int:
        return len(self._new) + len(self._old)
