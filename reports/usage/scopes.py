"""The selection of a request by interfaces, or by scopes of the applications' traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.errors import QuestionError
from reports.ledger.selection import MACHINE, Selection
from reports.ledger.shape import APPLICATION, BUILT_IN_SCOPES, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.ledger.reader import LedgerReader


class UsageFilter(NamedTuple):
    """The interfaces or the scopes that usage is of; without any it is the machine's."""

    interfaces: Sequence[str] = ()
    scopes: Sequence[str] = ()

    @property
    def label(self) -> str:
        """For people, as in "eth0 + wlan0"."""
        return scopes_label(self.scopes) if self.scopes else " + ".join(self.interfaces) or MACHINE.label

    @property
    def parameters(self) -> dict[str, object]:
        """The same as parameters of the API."""
        return {"interface": self.interfaces, "scope": self.scopes}


class ScopeError(QuestionError):
    """There is no such scope, or it is given together with interfaces."""


def known_scopes(ledger: LedgerReader, networks: Iterable[str] = ()) -> list[str]:
    """The built-in scopes, the networks of the settings, and what else the ledger has."""
    return list(dict.fromkeys([*BUILT_IN_SCOPES, *networks, *sorted(ledger.values(APPLICATION, "scope"))]))


def require_scopes(ledger: LedgerReader, scopes: Iterable[str], networks: Iterable[str] = ()) -> None:
    """Raise ScopeError for a scope that is not known."""
    known = known_scopes(ledger, networks)
    for scope in scopes:
        if scope not in known:
            raise ScopeError(f"scope: {scope!r} is unknown; use {', '.join(known)}")


def of_scopes(ledger: LedgerReader, scopes: Sequence[str]) -> Selection:
    """What all applications moved in these scopes; without any, in all but loopback, which is in no total."""
    if not scopes:
        others = [scope for scope in known_scopes(ledger) if scope != LOOPBACK]
        return Selection(APPLICATION, "all applications", where={"scope": tuple(others)})
    return Selection(APPLICATION, scopes_label(scopes), where={"scope": tuple(scopes)})


def scopes_label(scopes: Iterable[str]) -> str:
    """Scopes for people, as in "scope lan + internet"."""
    return f"scope {' + '.join(scopes)}"


def select_usage(
    ledger: LedgerReader, interfaces: Sequence[str], scopes: Sequence[str], networks: Iterable[str] = ()
) -> Selection:
    """The selection of some interfaces, of some scopes, or of the machine; `networks` are those of the settings.

    Raises ScopeError and UnknownInterfaceError.
    """
    if not scopes:
        return ledger.resolve(interfaces)
    if interfaces:
        raise ScopeError(
            f"scope: {scopes[0]!r} and interface exclude each other; "
            "a scope is of applications, whatever interface they used"
        )
    require_scopes(ledger, scopes, networks)
    return of_scopes(ledger, scopes)
