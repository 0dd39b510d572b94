"""Around the clock: bytes by weekday and hour, and the kind of person."""

from __future__ import annotations

from calendar import day_name
from typing import TYPE_CHECKING

from reports.calendar.days import day_of
from reports.charts.heat import HeatHour, hour_heat
from reports.text.dates import long_date
from reports.wrapup.chapters.chapter import Chapter, Figure, amount, percent
from reports.wrapup.wrapup import RECENT_DAYS

if TYPE_CHECKING:
    from reports.usage.hours import HoursOfWeek
    from reports.wrapup.wrapup import WrapUp

PARTS = (("Night owl", 0, 6), ("Early bird", 6, 12), ("Afternoon person", 12, 18), ("Evening person", 18, 24))

FEWEST_DAYS = 7
CLEARLY_MORE = 1.4  # times the share that a part of the day has of the clock


def clock(wrapup: WrapUp) -> Chapter | None:
    """The matrix of a week; shorter periods have none."""
    found = wrapup.hours
    if found is None or found.covered is None or wrapup.export.days.size < FEWEST_DAYS:
        return None
    tips = [
        [HeatHour(used.total, f"{name[:3]} {hour:02}:00, {amount(used.total)}") for hour, used in enumerate(row)]
        for name, row in zip(day_name, found.matrix, strict=True)
    ]
    caption = _caption(wrapup, found)
    figure = Figure(hour_heat(tips, title=caption), caption)
    link = wrapup.links and wrapup.links.usage(*found.covered, wrapup.export.devices)
    return Chapter("clock", _title(found), _lead(found), figures=(figure,), link=link)


def _shares(found: HoursOfWeek) -> list[tuple[str, int]]:
    by_hour = found.by_hour()
    return [(name, sum(used.total for used in by_hour[begin:end])) for name, begin, end in PARTS]


def _title(found: HoursOfWeek) -> str:
    name, most = max(_shares(found), key=lambda part: part[1])
    return name if most * len(PARTS) >= CLEARLY_MORE * found.total.total else "Around the clock"


def _lead(found: HoursOfWeek) -> str:
    shares = dict(_shares(found))
    night, evening = (percent(shares[name], found.total.total) for name in ("Night owl", "Evening person"))
    weekday, hour = _busiest(found)
    return (
        f"{night} moves between midnight and six, {evening} after six in the evening; "
        f"no hour of the week is busier than {day_name[weekday]} {hour:02}:00."
    )


def _busiest(found: HoursOfWeek) -> tuple[int, int]:
    cells = [(used.total, -weekday, -hour) for weekday, row in enumerate(found.matrix) for hour, used in enumerate(row)]
    _, weekday, hour = max(cells)
    return -weekday, -hour


def _caption(wrapup: WrapUp, found: HoursOfWeek) -> str:
    text = "Weekdays and hours of the local clock: the stronger the colour, the more."
    assert found.covered is not None  # noqa: S101 - checked by `clock`
    begun = day_of(found.covered.start, wrapup.export.zone)
    if found.span.start > wrapup.span.start:
        return f"{text} Of the last {RECENT_DAYS // 7} weeks, from {long_date(begun)}."
    if found.covered.start > wrapup.span.start and not wrapup.begins_late:
        return f"{text} From {long_date(begun)}: hours of earlier days are no longer kept."
    return text
