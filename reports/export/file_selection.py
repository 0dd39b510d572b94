"""What a file is of: the machine, one interface, scopes of applications' traffic, or a plan's interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.billing.billed_usage import select
from reports.billing.plans import PlanError
from reports.usage.scopes import select_usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.billing.plans import Plan
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection
    from reports.usage.scopes import UsageFilter


def file_selection(
    ledger: LedgerReader,
    plans: Sequence[Plan],
    plan: str | None,
    usage_filter: UsageFilter,
    networks: Iterable[str] = (),
) -> Selection:
    """The selection of a file; `networks` are those of the settings.

    Raises PlanError, ScopeError and UnknownInterfaceError.
    """
    interfaces, scopes = usage_filter
    if not scopes:
        return select(ledger, plans, plan, interfaces)
    if plan is not None:
        raise PlanError(f"plan: {plan!r} and scope exclude each other; a plan has its own interfaces")
    return select_usage(ledger, interfaces, scopes, networks)
