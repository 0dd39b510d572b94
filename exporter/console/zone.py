"""The zone that days are cut in: the one that the settings name, or the system's."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class ZoneError(Exception):
    """The system's time zone is not known; the text says what to do."""


def day_zone(timezone: str) -> ZoneInfo:
    """The zone of `ledger.timezone`, where auto is the system's (UTC if it names none); raises ZoneError."""
    if timezone != "auto":
        return ZoneInfo(timezone)
    import tzlocal  # noqa: PLC0415 - 3 MB that a named zone does not need

    try:
        return ZoneInfo(tzlocal.get_localzone_name() or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ZoneError(f"the system's time zone is unknown ({error}): set ledger.timezone") from error
