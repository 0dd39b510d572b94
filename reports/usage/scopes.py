"""The selection of a request by interfaces, or by scopes of the applications' traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.errors import QuestionError
from reports.ledger.selection import Selection
from reports.ledger.shape import APPLICATION, BUILT_IN_SCOPES, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.ledger.reader import LedgerReader


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
    return Selection(APPLICATION, f"scope {' + '.join(scopes)}", where={"scope": tuple(scopes)})


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
            "scopes are counted by application, and interfaces by the kernel"
        )
    require_scopes(ledger, scopes, networks)
    return of_scopes(ledger, scopes)
