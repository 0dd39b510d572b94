"""The picture of usage on one sheet: today, yesterday, this and the last month, ever, and the last hours."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from reports.pictures.periods import clock_columns, period_rows, total_row
from reports.pictures.sheet import Sheet
from reports.text.dates import month_text, short_date
from reports.usage.period_list import PeriodListRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.formats.json.periods import PeriodsAnswer
    from reports.pictures.sheet import PictureContext, Row

SUMMARY_REQUESTS = (
    PeriodListRequest("days", 2),
    PeriodListRequest("months", 2),
    PeriodListRequest("years"),
    PeriodListRequest("hours", 24),
)
"""What a summary shows."""


class SummaryFigures(NamedTuple):
    """The answers to `SUMMARY_REQUESTS`, in their order."""

    days: PeriodsAnswer
    months: PeriodsAnswer
    years: PeriodsAnswer
    hours: PeriodsAnswer


def draw_summary(figures: SummaryFigures, context: PictureContext) -> str:
    """The picture."""
    sheet = Sheet("Summary", context)
    ever = total_row(_ever(figures.years), figures.years)
    sheet.add_table([*_pair(figures.days), *_pair(figures.months), ever])
    sheet.add_imported(figures.years.summary.imported_bytes)
    sheet.add_heading("Last 24 hours")
    sheet.add_columns(clock_columns(figures.hours, context), "Bytes of the last 24 hours")
    return sheet.document()


def _pair(answer: PeriodsAnswer) -> Iterator[Row]:
    """The running period, then the one before."""
    expected = answer.estimate.expected.total_bytes if answer.estimate else 0
    whole = max([expected, *(row.total_bytes or 0 for row in answer.periods)])
    names = ("Yesterday", "Today") if answer.unit == "days" else [month_text(_day(row.start)) for row in answer.periods]
    for name, row in reversed(list(zip(names, answer.periods, strict=True))):
        yield from period_rows(name, row, answer, whole)


def _ever(years: PeriodsAnswer) -> str:
    if years.counting_since is None:
        return "Ever"
    began = _day(years.counting_since)
    return f"Since {short_date(began)} {began.year}"


def _day(instant: str) -> date:
    return datetime.fromisoformat(instant).date()
