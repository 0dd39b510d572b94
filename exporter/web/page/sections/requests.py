"""The section of the request meter: today's services and routes with the most requests, and requests per second now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.state import requests_of
from reports.ledger.shape import OWN_SERVICE, REQUEST
from reports.text.amounts import human_count
from reports.text.milliseconds import human_milliseconds
from reports.usage.requests.figures import NO_QUANTILES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from exporter.web.page.facts import PageFacts
    from exporter.web.page.meter_section import Cells
    from reports.usage.requests.figures import Quantiles, RequestFigures

NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
LEAST_SHARE = 0.0005
IDLE = human_count(0)


class RequestRow(NamedTuple):
    """A service, or a route: then `method` is its own. `is_special` is netledger itself; only `cells` move.

    `imported` of its requests are of other programs' files.
    """

    service: str
    requests: str
    errors: str
    p95: str
    is_special: bool = False
    cells: Cells = ()
    method: str = ""
    route: str = ""
    imported: int = 0


def cells(snapshot: Snapshot, _totals: Totals, _day: date) -> dict[str, Cells]:
    """Requests per second of each service that has some, by name; none while the meter fails."""
    state, view = requests_of(snapshot), snapshot.meters.get(REQUEST.name)
    if state is None or view is None or not view.health.is_up:
        return {}
    return {service: (human_count(rate),) for service, rate in state.rates.by_service().items()}


def rows(_snapshot: Snapshot, moving: Mapping[str, Cells], facts: PageFacts) -> Iterator[RequestRow]:
    """Services with requests today; none where only netledger itself has some."""
    found = facts.requests
    if found is None or not found.routes.row_count:
        return
    for each in found.services:
        yield RequestRow(
            each.service,
            *_texts(each.figures, each.quantiles),
            is_special=each.service == OWN_SERVICE,
            cells=moving.get(each.service, (IDLE,)),
            imported=each.imported,
        )


def route_rows(facts: PageFacts) -> Iterator[RequestRow]:
    """Routes with the most requests today."""
    for each in () if facts.requests is None else facts.requests.routes.routes:
        texts = _texts(each.figures, each.quantiles or NO_QUANTILES)
        yield RequestRow(each.service, *texts, method=each.method, route=each.route, imported=each.imported)


def _texts(figures: RequestFigures, quantiles: Quantiles) -> tuple[str, str, str]:
    """Requests, the share of errors, and the time below which 95 % of them lie."""
    return human_count(figures.requests), _percent(figures.error_share), human_milliseconds(quantiles.p95)


def _percent(share: float) -> str:
    """One decimal of a percent; "<0.1 %" of a little, whole numbers of none and of all."""
    if 0 < share < LEAST_SHARE:
        return f"<0.1{NARROW_SPACE}%"
    text = f"{100 * share:.1f}" if share not in {0, 1} else f"{100 * share:.0f}"
    return f"{text}{NARROW_SPACE}%"
