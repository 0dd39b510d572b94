"""A month by day: its sums, its columns and the way to the months beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.charts.columns import Column
from reports.text.amounts import human_bytes
from reports.text.dates import long_weekday_date, month_text

if TYPE_CHECKING:
    from datetime import date

    from exporter.web.page.facts import Month, PageFacts
    from reports.ledger.reader import Bytes
    from reports.usage.usage import DayUsage, PeriodUsage

UNKNOWN = "\N{EN DASH}"
"""In place of what was moved before counting began."""


class MonthView(NamedTuple):
    """A month; `before` and `after` as `?month=` takes them, None where there is no such month."""

    name: str
    is_running: bool
    total: str
    received: str
    sent: str
    imported: Bytes
    title: str
    columns: list[Column]
    before: str | None
    after: str | None


def month_view(facts: PageFacts) -> MonthView:
    """The chosen month; days to come have a place, so that the picture keeps its width."""
    used, first = facts.month, facts.month.period.first
    name, here = month_text(first), (first.year, first.month)
    amounts = (used.total.total, used.total.received, used.total.sent)
    total, received, sent = (human_bytes(amount) if used.is_counted else UNKNOWN for amount in amounts)
    days = {day.day: day for day in used.days}
    return MonthView(
        name=name,
        is_running=here == facts.last_month,
        total=total,
        received=received,
        sent=sent,
        imported=used.imported,
        title=f"Bytes received and sent by day in {name}: {total} together",
        columns=[_column(used, number, days, facts.today) for number in range(1, used.period.last.day + 1)],
        before=_month_text(min(month_beside(here, -1), facts.last_month)) if here > facts.first_month else None,
        after=_month_text(max(month_beside(here, 1), facts.first_month)) if here < facts.last_month else None,
    )


def month_beside(month: Month, by: int) -> Month:
    """The month so many months later, or earlier below zero."""
    number = month[0] * 12 + month[1] - 1 + by
    return number // 12, number % 12 + 1


def _column(used: PeriodUsage, number: int, days: dict[date, DayUsage], today: date) -> Column:
    day = used.period.first.replace(day=number)
    if day not in days:
        return Column(str(number), 0, 0, f"{long_weekday_date(day)}: to come")
    _, moved, is_partial, imported = days[day]
    if moved is None:
        is_in_span = any(span.first <= day <= span.last for span in used.spans)
        unknown = "imported without its days" if is_in_span else "before counting began"
        return Column(str(number), 0, 0, f"{long_weekday_date(day)}: {unknown}")
    so_far = " so far" if day == today else ""
    if is_partial:
        so_far += ", counting began on it"
    tip = f"{long_weekday_date(day)}{so_far}: {human_bytes(moved.total)} ({human_bytes(moved.received)} received, "
    return Column(str(number), moved.received, moved.sent, f"{tip}{human_bytes(moved.sent)} sent{_note(imported)})")


def _note(imported: Bytes) -> str:
    return f", {human_bytes(imported.total)} imported" if imported.total else ""


def _month_text(month: Month) -> str:
    return f"{month[0]:04}-{month[1]:02}"
