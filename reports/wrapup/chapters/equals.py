"""What the bytes equal, each with what it assumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import HOUR_SECONDS
from reports.text.amounts import human_bits, human_duration
from reports.wrapup.chapters.chapter import Chapter, Fact, counted, unbroken
from reports.wrapup.equivalents import DVD_BYTES, equivalents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.wrapup.wrapup import WrapUp

KILOMETRE = 1000
LONG_FILM_HOURS = 48


def equals(wrapup: WrapUp) -> Chapter | None:
    """None where it is less than a disc, which equals nothing worth telling."""
    total = wrapup.summary.total
    if total.total < DVD_BYTES:
        return None
    return Chapter("equals", "That is as much as", "If bytes had a size.", tuple(_facts(total.total, total.peak_speed)))


def _facts(moved: int, peak_speed: int) -> Iterator[Fact]:
    found = equivalents(moved, peak_speed)
    yield Fact("DVDs", f"{found.dvds:,}", f"a stack of {_length(found.dvd_metres)}, at 4.7 GB and 1.2 mm each")
    films = "at 3 GB an hour of HD"
    if found.film_hours >= LONG_FILM_HOURS:
        films = f"{counted(found.film_hours // 24, 'day', 'days')} without a break, {films}"
    yield Fact("Films", counted(found.film_hours, "hour", "hours"), films)
    yield Fact("Printed", _length(found.page_metres), f"of paper: {found.pages:,} pages of 3 kB, 0.1 mm each")
    if found.record_seconds:
        note = f"is all it takes at your record of {unbroken(human_bits(peak_speed))}"
        yield Fact("At full speed", _time(found.record_seconds), note)


def _time(seconds: int) -> str:
    hours = seconds // HOUR_SECONDS
    return counted(hours, "hour", "hours") if hours > 1 else unbroken(human_duration(seconds))


def _length(metres: float) -> str:
    if metres >= KILOMETRE:
        return unbroken(f"{metres / KILOMETRE:,.0f} km" if metres >= 10 * KILOMETRE else f"{metres / KILOMETRE:.1f} km")
    if metres >= 1:
        return unbroken(f"{metres:.0f} m" if metres >= 10 else f"{metres:.1f} m")  # noqa: PLR2004 - two digits say enough
    return unbroken(f"{metres * 100:.0f} cm")
