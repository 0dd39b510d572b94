"""Pictures of usage period by period: columns of minutes and hours, tables of days, months and years."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.charts.columns import Column
from reports.errors import QuestionError
from reports.pictures.sheet import MARK, Row, Sheet
from reports.usage.period_list import BUSIEST, PeriodListRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.formats.json.periods import EstimatedBytes, PeriodAmount, PeriodsAnswer
    from reports.formats.json.usage import PeriodAmounts
    from reports.pictures.sheet import DateStyle, PictureContext

REQUESTS: Mapping[str, PeriodListRequest] = {
    "minutes": PeriodListRequest("minutes"),
    "hours": PeriodListRequest("hours"),
    "days": PeriodListRequest("days"),
    "months": PeriodListRequest("months"),
    "years": PeriodListRequest("years"),
    "top": PeriodListRequest("days", order=BUSIEST),
}
"""What each picture shows, by the name of the command that lists the same."""

MOST_PERIODS = 100
"""So many have room."""


class PictureError(QuestionError):
    """There is no such picture, or it has no room for so many periods."""


def draw_periods(name: str, answer: PeriodsAnswer, context: PictureContext) -> str:
    """The picture of this name, one of `REQUESTS`; raises PictureError."""
    if len(answer.periods) > MOST_PERIODS:
        raise PictureError(f"{len(answer.periods)} {answer.unit} have no room in a picture: {MOST_PERIODS} have")
    sheet = Sheet(_title(name, answer.periods, context.dates), context)
    if answer.unit in {"minutes", "hours"}:
        sheet.add_columns(clock_columns(answer, context), "Bytes received and sent")
        sheet.add_table([total_row("Total", answer)])
    else:
        sheet.add_table([*_rows(answer, context.dates), total_row("Total", answer)])
    sheet.add_imported(answer.summary.imported_bytes)
    return sheet.document()


def clock_columns(answer: PeriodsAnswer, context: PictureContext) -> list[Column]:
    """A column for each hour or stretch of minutes."""
    needless = ":00" if answer.unit == "hours" else ""
    return [
        Column(
            context.dates.clock(row.period).removesuffix(needless),
            row.bytes_received or 0,
            row.bytes_sent or 0,
            f"{context.dates.time(row.period)}: "
            f"{context.bytes(row.bytes_received)} received, {context.bytes(row.bytes_sent)} sent",
        )
        for row in answer.periods
    ]


def _title(name: str, periods: list[PeriodAmount], dates: DateStyle) -> str:
    if name == "top":
        return "Busiest days"
    if name not in {"minutes", "hours"} or not periods:
        return name.capitalize()
    first, last = (dates.time(row.start[: len("2026-06-12")]) for row in (periods[0], periods[-1]))
    return f"{name.capitalize()} of {first}" + (f" to {last}" if last != first else "")


def _rows(answer: PeriodsAnswer, dates: DateStyle) -> Iterator[Row]:
    """Each period, and below the running one what is expected of it; their bars can be compared."""
    expected = answer.estimate.expected.total_bytes if answer.estimate else 0
    whole = max([expected, *(row.total_bytes or 0 for row in answer.periods)])
    for row in answer.periods:
        yield from period_rows(dates.time(row.period), row, answer, whole)


def period_rows(name: str, used: PeriodAmount, answer: PeriodsAnswer, whole: int) -> Iterator[Row]:
    """The line of one period of an answer; where it runs, below it what is expected. A full bar has `whole` bytes."""
    ahead, name = answer.estimate or None, _marked(name, used)
    if ahead is None or ahead.period != used.period:
        yield _row(name, used, used.average_bytes_per_second, whole)
        return
    yield _row(name, used, used.average_bytes_per_second, whole)._replace(expected=ahead.expected.total_bytes)
    yield _row("estimated", ahead.expected, ahead.average_bytes_per_second)._replace(is_muted=True)


def total_row(name: str, answer: PeriodsAnswer) -> Row:
    """All periods of an answer together."""
    return _row(_marked(name, answer.summary), answer.summary, answer.average_bytes_per_second)._replace(is_sum=True)


def _marked(name: str, used: PeriodAmount | PeriodAmounts) -> str:
    return f"{name}{MARK}" if used.imported_bytes else name


def _row(name: str, used: PeriodAmount | EstimatedBytes | PeriodAmounts, average: int | None, whole: int = 0) -> Row:
    return Row(name, used.bytes_received, used.bytes_sent, used.total_bytes, average, whole)
