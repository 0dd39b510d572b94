"""Days of imported applications and requests: of some of them no bytes of the machine are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.ledger.imported import imported_application_days
from reports.ledger.past_requests import past_request_days
from reports.ledger.selection import MACHINE
from reports.ledger.shape import APPLICATION, IMPORTED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


def days_beside(ledger: LedgerReader, first: date, last: date, selection: Selection = MACHINE) -> Sequence[date]:
    """The first and the last of the days `first` to `last` with imported applications or requests of a selection.

    Empty without any, and of interfaces.
    """
    found = []
    if selection == MACHINE:
        found = [imported_application_days(ledger, first, last), past_request_days(ledger, first, last)]
    elif selection.meter is APPLICATION and IMPORTED in selection.where.get("scope", ()):
        found = [imported_application_days(ledger, first, last)]
    days = [day for pair in found if pair is not None for day in pair]
    return (min(days), max(days)) if days else ()
