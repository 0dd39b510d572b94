"""Records: a card for each of the busiest days, hour, streak and interface."""

from __future__ import annotations

from calendar import day_name, month_name
from datetime import date
from typing import TYPE_CHECKING

from reports.text.amounts import human_bits
from reports.text.dates import full_date
from reports.wrapup.chapters.chapter import Chapter, Fact, amount, bidi_markup, counted, percent
from reports.wrapup.chapters.imported import imported_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.wrapup.wrapup import WrapUp

FEWEST_MONTHS = 3  # of fewer, no month is a record


def stories(wrapup: WrapUp) -> Chapter | None:
    """The cards of the period; None without any. A single day is no record."""
    is_one_day = wrapup.export.days.size == 1
    facts = (*(() if is_one_day else _days(wrapup)), *_habits(wrapup), *_machines(wrapup))
    if not facts:
        return None
    busiest = wrapup.highlights.busiest
    lead = "What stood out."
    if busiest is not None and not is_one_day:
        part = percent(busiest.total, wrapup.summary.total.total)
        lead = f"{full_date(busiest.day)} alone moved {part} of everything."
    return Chapter("records", "Records", lead, facts, link=wrapup.usage_link)


def _days(wrapup: WrapUp) -> Iterator[Fact]:
    found = wrapup.highlights
    if found.busiest is not None:
        times = found.busiest.total / found.median if found.median else 0
        often = f", {times:.1f} times a usual day" if times >= 1 else ""
        brought = wrapup.export.imported.of_day(found.busiest.day).total
        mark = imported_mark(brought, found.busiest.total)
        yield Fact("Busiest day", amount(found.busiest.total), f"{full_date(found.busiest.day)}{often}{mark}")
    if found.quietest is not None:
        idle_days = f"; on {counted(found.idle_days, 'day', 'days')} nothing moved at all" if found.idle_days else ""
        yield Fact("Quietest day", amount(found.quietest.total), f"{full_date(found.quietest.day)}{idle_days}")
    if len(wrapup.summary.months) >= FEWEST_MONTHS:
        month = max(wrapup.summary.months, key=lambda part: part.bytes.total)
        if month.bytes.total:
            first, moved = date.fromisoformat(f"{month.name}-01"), amount(month.bytes.total)
            mark = imported_mark(month.imported, month.bytes.total)
            yield Fact("Busiest month", month_name[first.month], f"{first.year}; it moved {moved}{mark}")


def _habits(wrapup: WrapUp) -> Iterator[Fact]:
    found = wrapup.highlights
    if found.streak is not None and found.streak.days > 1:
        first, last = full_date(found.streak.first), full_date(found.streak.last)
        note = f"busier than usual in a row, from {first} to {last}"
        yield Fact("Longest streak", counted(found.streak.days, "day", "days"), note)
    if found.weekday is not None:
        mean = sum(found.weekdays) // len(found.weekdays)
        times = f", {found.weekday_average / mean:.1f} times the mean of all days" if mean else ""
        yield Fact("Your day", f"{day_name[found.weekday]}s", f"{amount(found.weekday_average)} each{times}")
    if wrapup.hours is not None:
        by_hour = wrapup.hours.by_hour()
        hour = max(range(len(by_hour)), key=lambda number: by_hour[number].total)
        part = percent(by_hour[hour].total, wrapup.hours.total.total)
        note = f"to {hour + 1:02}:00 moves {part} of a day"
        yield Fact("Your hour", f"{hour:02}:00", note)


def _machines(wrapup: WrapUp) -> Iterator[Fact]:
    total, fastest = wrapup.summary.total, wrapup.summary.fastest
    if fastest is not None:
        day = full_date(date.fromisoformat(fastest.name))
        yield Fact("Top speed", human_bits(total.peak_speed), day)
    carriers = [one for one in wrapup.export.interfaces if one.is_counted and one.bytes.total]
    if len(carriers) > 1 and wrapup.export.device is None:
        most = max(carriers, key=lambda one: one.bytes.total)
        together_ = sum(one.bytes.total for one in carriers)
        note = f"carried most: {amount(most.bytes.total)}, {percent(most.bytes.total, together_)}"
        yield Fact("Workhorse", bidi_markup(most.device), note)
