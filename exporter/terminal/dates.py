"""Times as a command prints them: ISO 8601, or as the locale of the settings has them."""

from __future__ import annotations

import re
from datetime import datetime

from exporter.terminal.amounts import NO_LOCALE, chosen_style, locales

_TIME = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d).*)?)?")
_YEAR = len("2026-")


def second_text(iso: str) -> str:
    """An instant to the second, "2026-11-28 14:05:10"; in a locale to the minute."""
    is_local = chosen_style().locale != NO_LOCALE
    return time_text(iso) if is_local else iso[:19].replace("T", " ")


def time_text(iso: str, *, has_year: bool = True) -> str:
    """A month, day or minute of the clock, or two with "to" between: "2026-11-28", "28.11.2026"; other texts stay.

    `has_year=False` leaves the year out, for a list whose title has it.
    """
    if " to " in iso:
        return " to ".join(time_text(each, has_year=has_year) for each in iso.split(" to "))
    parts = _TIME.fullmatch(iso)
    if parts is None:
        return iso
    locale = chosen_style().locale
    if locale == NO_LOCALE:
        return iso[:16].replace("T", " ")[0 if has_year else _YEAR :]
    year, month, day, hour, minute = (int(part or 0) for part in parts.groups())
    moment = datetime(year, month, day or 1, hour, minute)  # noqa: DTZ001 - as the clock shows it
    unit = "month" if not day else "day" if has_year else "day of a year"
    return str(locales().local_time(moment, unit, locale, has_clock=parts[4] is not None))
