"""Over time: a column for each month, for each day of a short period, or for each hour of one day."""

from __future__ import annotations

from calendar import month_abbr
from datetime import date
from operator import add
from typing import TYPE_CHECKING

from reports.charts.columns import Column, column_chart
from reports.export.days import with_unknown_days
from reports.text.dates import day_and_month, month_text
from reports.wrapup.chapters.chapter import NO_BREAK, RECEIVED_AND_SENT, Chapter, Figure, amount, percent
from reports.wrapup.chapters.imported import imported_mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.ledger.reader import Bytes
    from reports.wrapup.wrapup import WrapUp

MOST_DAYS = 62  # more are drawn by month

FEWEST_DAYS = 30  # of fewer, a tenth is hardly a day

MONTHS_WITH_NAMES = 24  # of more, only years are named


def columns(wrapup: WrapUp) -> Chapter | None:
    """The chart that fits the length of the period."""
    days, has_spans = wrapup.export.days.size, bool(wrapup.export.imported.spans)
    if has_spans and (not days or len(wrapup.summary.months) > 1):
        return _months(wrapup) if len(wrapup.summary.months) > 1 else None
    if days == 1:
        return _hours(wrapup)
    return _days(wrapup) if days <= MOST_DAYS else _months(wrapup)


def _hours(wrapup: WrapUp) -> Chapter | None:
    if wrapup.hours is None:
        return None
    found = wrapup.hours.by_hour()
    drawn = [
        Column(f"{hour:02}", used.received, used.sent, _tip(f"{hour:02}:00", used)) for hour, used in enumerate(found)
    ]
    lead = "How the day went."
    return _chapter(wrapup, "Hour by hour", lead, drawn, "Bytes by hour of the local day.")


def _days(wrapup: WrapUp) -> Chapter:
    days = wrapup.export.days
    drawn = []
    for day, used in with_unknown_days(days):
        label = str(day.day) if day.day != 1 else f"1{NO_BREAK}{month_abbr[day.month]}"
        if used is None:
            drawn.append(Column(label, 0, 0, f"{day_and_month(day)}: not known"))
        else:
            drawn.append(Column(label, used.received, used.sent, _tip(day_and_month(day), used)))
    return _chapter(wrapup, "Day by day", _lead(wrapup), drawn, "Bytes by local day, received below, sent on top.")


def _months(wrapup: WrapUp) -> Chapter:
    drawn = []
    months = wrapup.summary.months
    for month in months:
        name, used = month.name, month.bytes
        first = date.fromisoformat(f"{name}-01")
        label = month_abbr[first.month]
        if len(months) > MONTHS_WITH_NAMES:
            label = str(first.year) if first.month == 1 else ""
        drawn.append(
            Column(
                label,
                used.received,
                used.sent,
                f"{_tip(month_text(first), used)}{imported_mark(month.imported, used.total)}",
            )
        )
    return _chapter(
        wrapup, "Month by month", _lead(wrapup), drawn, "Bytes by calendar month, received below, sent on top."
    )


def _lead(wrapup: WrapUp) -> str:
    """How unequal the days are."""
    days = wrapup.export.days
    if wrapup.export.imported.spans:
        return "Of some months no day is known: they are drawn as a whole."
    amounts = sorted(map(add, days.received, days.sent))
    if len(amounts) < FEWEST_DAYS:
        return f"From {amount(amounts[0])} to {amount(amounts[-1])} a day."
    part = percent(sum(amounts[-(len(amounts) // 10) :]), wrapup.summary.total.total)
    return f"The busiest tenth of the days moved {part} of everything."


def _tip(when: str, used: Bytes) -> str:
    return f"{when}: {amount(used.total)}, {amount(used.received)} received"


def _chapter(wrapup: WrapUp, title: str, lead: str, drawn: Sequence[Column], caption: str) -> Chapter:
    most = max(drawn, key=lambda column: column.received + column.sent)
    drawing = column_chart(drawn, title=f"{caption} The most: {most.tip}.", height=240)
    link = wrapup.usage_link
    figure = Figure(drawing, caption, RECEIVED_AND_SENT)
    return Chapter("over-time", title, lead, figures=(figure,), link=link)
