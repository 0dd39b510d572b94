"""Every day on a calendar, the stronger its colour the busier."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from operator import add
from typing import TYPE_CHECKING

from reports.charts.heat import HeatDay, Shading, calendar_heat, shading
from reports.charts.scale import short_text
from reports.charts.wall import wall_calendar
from reports.export.days import with_unknown_days
from reports.text.dates import long_date
from reports.wrapup.chapters.chapter import Chapter, Figure, amount, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.ledger.reader import Bytes
    from reports.wrapup.wrapup import WrapUp

FEWEST_DAYS, MOST_WALL_DAYS = 7, 62
WEEKS_OF_A_YEAR = 53
MOST_TIPS = 800  # days with a tooltip: those of three years would take 100 kB


def calendar(wrapup: WrapUp) -> Chapter | None:
    """A wall calendar for two months, a map of weeks for each year of a longer period."""
    days = wrapup.export.days
    if days.size < FEWEST_DAYS:
        return None
    amounts = list(map(add, days.received, days.sent))
    entries = [
        HeatDay(day, used and used.total, "" if days.size > MOST_TIPS else _tip(day, used))
        for day, used in with_unknown_days(days)
    ]
    shades = shading(amounts)
    if len(entries) <= MOST_WALL_DAYS:
        caption = f"Every day with its bytes. {_shades(shades)}"
        figures = [Figure(wall_calendar(entries, shades, title=caption), caption, _legend(shades))]
    else:
        figures = list(_years(entries, shades))
    link = wrapup.usage_link
    return Chapter("calendar", "Every single day", _lead(wrapup), figures=figures, link=link)


def _tip(day: date, used: Bytes | None) -> str:
    return f"{long_date(day)}: {'not known' if used is None else amount(used.total)}"


def _lead(wrapup: WrapUp) -> str:
    idle_days, days = wrapup.highlights.idle_days, wrapup.export.days.size
    if not idle_days:
        return f"{counted(days, 'day', 'days')}, and not one without a byte."
    return f"{counted(days, 'day', 'days')}, {counted(idle_days, 'of them', 'of them')} without a byte."


def _years(entries: Sequence[HeatDay], shades: Shading) -> Iterator[Figure]:
    """A map for each year; where there are several, January stands below January."""
    years = [(year, list(days)) for year, days in groupby(entries, lambda entry: entry.day.year)]
    caption = f"A square is a day, a column a week. {_shades(shades)}"
    if len(years) == 1:
        yield Figure(calendar_heat(entries, shades, title=caption), caption, _legend(shades))
        return
    for year, days in years:
        missing = range(date(year, 1, 1).toordinal(), days[0].day.toordinal())
        whole = [*(HeatDay(date.fromordinal(number), None) for number in missing), *days]
        drawing = calendar_heat(whole, shades, title=f"{year}. {_shades(shades)}", weeks=WEEKS_OF_A_YEAR)
        is_last = year == years[-1][0]
        yield Figure(drawing, caption if is_last else "", _legend(shades) if is_last else (), str(year))


def _shades(shades: Shading) -> str:
    if not shades.limits:
        return "Nothing moved."
    return f"A fifth of the days moved more than {amount(shades.limits[-1])}."


def _legend(shades: Shading) -> Sequence[tuple[str, str]]:
    """The shades from nothing to the most; those that no amount can have are left out."""
    limits = list(dict.fromkeys(shades.limits))
    if len(limits) < len(shades.limits):
        return ()
    texts = [f"to {short_text(limit)}" for limit in limits]
    return tuple((f"heat-{number}", text) for number, text in enumerate([*texts, "more"][: len(limits) + 1], start=1))
