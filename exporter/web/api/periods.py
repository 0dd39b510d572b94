"""Usage period by period over HTTP: the last hours, days, months and the like, with averages and an estimate."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from exporter.web.http.queries import BadRequestError, Begin, End, OfSelection
from exporter.web.http.routes import PATIENT, LedgerRequest, Routes
from reports.billing.estimates import estimate
from reports.calendar.requests import PeriodRequest
from reports.formats.json import periods as shapes
from reports.usage.period_list import (
    MINUTE_STEPS,
    MOST_PERIODS,
    ORDERS,
    USUAL_COUNTS,
    USUAL_MINUTES,
    PeriodListRequest,
    period_list,
)

if TYPE_CHECKING:
    from exporter.web.http.grafana import LinkContext

routes = Routes()

WHOLE = re.compile("[0-9]{1,9}", re.ASCII)
USUAL = "; ".join(f"{number or 'all'} {unit}" for unit, number in USUAL_COUNTS.items())

UnitName = Annotated[
    str,
    msgspec.Meta(description="What is listed.", extra_json_schema={"enum": list(USUAL_COUNTS), "default": "days"}),
]
Number = Annotated[
    str,
    msgspec.Meta(
        description=f"So many of them, the running one included; by default {USUAL}. Not with `from`, but in the order "
        "busiest, which has 10 by default.",
        extra_json_schema={"type": "integer", "minimum": 1, "maximum": MOST_PERIODS},
        examples=["24"],
    ),
]
StepOfMinutes = Annotated[
    str,
    msgspec.Meta(
        description="The length of minutes.",
        extra_json_schema={"enum": list(MINUTE_STEPS)},
        examples=[USUAL_MINUTES],
    ),
]
OrderName = Annotated[
    str,
    msgspec.Meta(
        description="time: the oldest first; busiest: those with the most bytes, of all by default.",
        extra_json_schema={"enum": list(ORDERS), "default": "time"},
    ),
]


class PeriodsQuery(OfSelection, frozen=True, kw_only=True, rename={"first": "from", "last": "to", "number": "last"}):
    """Which periods."""

    unit: UnitName = "days"
    number: Number | None = None
    first: Begin | None = None
    last: End | None = None
    step: StepOfMinutes | None = None
    order: OrderName = "time"

    @property
    def period_request(self) -> PeriodRequest:
        """The range of the query."""
        return PeriodRequest(None, self.first, self.last)


def _link(at: LinkContext, query: PeriodsQuery) -> str:
    return at.ever(query) if query.first is None else at.period(query, "all")


@routes.question("/api/periods", "Usage of the last hours, days, months or years", link=_link, ask=PATIENT)
def periods(request: LedgerRequest, query: PeriodsQuery) -> shapes.PeriodsAnswer:
    """Bytes and average speed of each period until now, and an estimate of the running day, month or year.

    Zeros where nothing moved, null in gaps and before counting began.
    """
    asked = PeriodListRequest(query.unit, _number(query.number), query.first, query.last, query.step, query.order)
    found = period_list(request.ledger, request.now, asked, request.selection)
    expected = found.running and estimate(request.ledger, found.running, request.now, request.selection)
    return shapes.periods(found, expected, request.zone)


def _number(text: str | None) -> int | None:
    if text is None or WHOLE.fullmatch(text):
        return None if text is None else int(text)
    raise BadRequestError(f"last: {text!r} is refused; write a whole number from 1 to {MOST_PERIODS}")
