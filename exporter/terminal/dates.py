"""Times as a command prints them: ISO 8601, or as the locale of the settings has them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from exporter.terminal.amounts import NO_LOCALE, chosen_style, locales

_TIME = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d).*)?)?")
_YEAR = len("2026-")
_CLOCK = len("2026-11-28 ")


class DateStyle(NamedTuple):
    """Whose dates: those of a locale, or ISO 8601's."""

    locale: str = NO_LOCALE

    def time(self, iso: str, *, has_year: bool = True) -> str:
        """A month, day or minute of the clock, or two with "to" between: "2026-11-28", "28.11.2026"; other texts stay.

        `has_year=False` leaves the year out, for a list whose title has it.
        """
        if " to " in iso:
            return " to ".join(self.time(each, has_year=has_year) for each in iso.split(" to "))
        parts = _TIME.fullmatch(iso)
        if parts is None:
            return iso
        if self.locale == NO_LOCALE:
            return iso[:16].replace("T", " ")[0 if has_year else _YEAR :]
        unit = "month" if not parts[3] else "day" if has_year else "day of a year"
        return str(locales().local_time(_moment(parts), unit, self.locale, has_clock=parts[4] is not None))

    def clock(self, iso: str) -> str:
        """The time of a minute of the clock: "14:05", "2:05 PM"; other texts stay."""
        parts = _TIME.fullmatch(iso)
        if parts is None or parts[4] is None:
            return iso
        return iso[_CLOCK:16] if self.locale == NO_LOCALE else str(locales().local_clock(_moment(parts), self.locale))


def second_text(iso: str) -> str:
    """An instant to the second, "2026-11-28 14:05:10"; in a locale to the minute."""
    is_local = chosen_style().locale != NO_LOCALE
    return time_text(iso) if is_local else iso[:19].replace("T", " ")


def time_text(iso: str, *, has_year: bool = True) -> str:
    """A time in the style of the command."""
    return chosen_dates().time(iso, has_year=has_year)


def clock_text(iso: str) -> str:
    """The time of the clock of an instant, in the style of the command."""
    return chosen_dates().clock(iso)


def chosen_dates() -> DateStyle:
    """The style of the command that runs."""
    return DateStyle(chosen_style().locale)


def _moment(parts: re.Match[str]) -> datetime:
    year, month, day, hour, minute = (int(part or 0) for part in parts.groups())
    return datetime(year, month, day or 1, hour, minute)  # noqa: DTZ001 - as the clock shows it
