"""The export of a period's requests by route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.parsing import parse_date
from reports.calendar.period import Period
from reports.export.export import SelectionError, export
from reports.ledger.selection import MACHINE
from reports.usage.requests.report import most_subjects, with_quantiles

if TYPE_CHECKING:
    from reports.export.export import Export
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

MOST_QUANTILES = 100
"""Routes with quantiles: the sketches of each are merged over all days; of long periods they are fewer."""


def request_export(
    ledger: LedgerReader, period: Period, now: float, host: Host, selection: Selection = MACHINE
) -> Export:
    """The export of a period, the busiest routes with quantiles; raises SelectionError for one of less than all."""
    if selection != MACHINE:
        raise SelectionError("table: requests are of the machine: leave out interface, scope and plan")
    found = export(ledger, period, now, host, selection)
    if found.requests is None or found.first_date is None or found.last_date is None:
        return found
    span = Period.days(parse_date(found.first_date), parse_date(found.last_date), found.zone).span
    busiest = found.requests.routes[: min(MOST_QUANTILES, most_subjects(span))]
    missing = [row for row in busiest if row.quantiles is None]
    return found._replace(requests=with_quantiles(ledger, span, found.requests, missing))
