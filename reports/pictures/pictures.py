"""Every picture by its name: the questions whose answers it needs, and its drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.pictures.periods import REQUESTS, PictureError, draw_periods
from reports.pictures.summary import SUMMARY_REQUESTS, SummaryFigures, draw_summary
from reports.usage.period_list import PeriodListRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.formats.json.periods import PeriodsAnswer
    from reports.pictures.sheet import PictureContext

SUMMARY = "summary"
PICTURES = (SUMMARY, *REQUESTS)


def picture_requests(name: str, bounds: PeriodListRequest) -> Sequence[PeriodListRequest]:
    """The questions of a picture, of the number or range of `bounds`; raises PictureError."""
    if name == SUMMARY:
        if bounds != PeriodListRequest():
            raise PictureError("last, from, to: a summary has none of them")
        return SUMMARY_REQUESTS
    if name not in REQUESTS:
        raise PictureError(f"name: {name!r} is no picture: use {', '.join(PICTURES)}")
    return (bounds._replace(unit=REQUESTS[name].unit, order=REQUESTS[name].order),)


def draw(name: str, answers: Sequence[PeriodsAnswer], context: PictureContext) -> str:
    """The SVG of a picture from the answers to its questions; raises PictureError."""
    if name == SUMMARY:
        return draw_summary(SummaryFigures(*answers), context)
    return draw_periods(name, answers[0], context)
