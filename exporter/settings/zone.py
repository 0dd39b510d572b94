"""The zone that days are cut in: the one that the settings name, or the system's."""

from __future__ import annotations

import os
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME = Path("/etc/localtime")
COMPARED_FROM, COMPARED_DAYS = datetime(2015, 1, 1, 12, tzinfo=UTC), 25 * 366
"""Days on which two zones are compared whose files differ, as files of two versions of the database do."""


class ZoneError(Exception):
    """The system's time zone is not known; the text says what to do."""


def day_zone(timezone: str, localtime: Path = LOCALTIME) -> ZoneInfo:
    """The zone of `ledger.timezone`, where auto is the one that the system's clock shows; raises ZoneError."""
    if timezone != "auto":
        return ZoneInfo(timezone)
    try:
        named = os.environ.get("TZ")
        return _system_zone(localtime) if named is None else _zone_of_variable(named)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ZoneError(f"the system's time zone is unknown ({error}): set ledger.timezone") from error


def _zone_of_variable(named: str) -> ZoneInfo:
    """What TZ means to the C library: a name, a file, or a rule, for which the database has no name."""
    name = named.removeprefix(":")
    if name.startswith("/"):
        return _zone_of_file(Path(name), "")
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneError(f"TZ={named} is no name of the time zone database: set ledger.timezone") from None


def _system_zone(localtime: Path) -> ZoneInfo:
    import tzlocal  # noqa: PLC0415 - 3 MB that a named zone does not need

    name = tzlocal.get_localzone_name() or ""
    if localtime.is_file() and not localtime.is_symlink():
        return _zone_of_file(localtime, name)
    return ZoneInfo(name or "UTC")


@lru_cache(maxsize=4)
def _zone_of_file(path: Path, likely: str) -> ZoneInfo:
    """The zone of the database that has the rules of this file: `likely` if it does, else a usual name."""
    for folder in map(Path, zoneinfo.TZPATH):
        if path.resolve().is_relative_to(folder.resolve()):
            return ZoneInfo(path.resolve().relative_to(folder.resolve()).as_posix())
    content = path.read_bytes()
    with path.open("rb") as file:
        rules = ZoneInfo.from_file(file)
    known = zoneinfo.available_timezones() - {"localtime", "Factory"}  # what the system has set is no name
    names = sorted(known, key=lambda name: (name != likely, name not in _usual(), name))
    same = next((name for name in names if _content(name) == content), None)
    same = same or next((name for name in names if _is_alike(ZoneInfo(name), rules)), None)
    if same is None:
        raise ZoneError(f"no zone of the time zone database has the rules of {path}: set ledger.timezone")
    return ZoneInfo(same)


@lru_cache(maxsize=1)
def _usual() -> frozenset[str]:
    """Names that people choose from: of many with the same rules, the one to show."""
    for folder in map(Path, zoneinfo.TZPATH):
        for table in ("zone1970.tab", "zone.tab"):
            try:
                lines = (folder / table).read_text("utf-8").splitlines()
            except (OSError, UnicodeDecodeError):
                continue
            rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
            return frozenset({"UTC", *(row[2] for row in rows if len(row) > 2)})  # noqa: PLR2004 - its third column
    return frozenset({"UTC"})


def _content(name: str) -> bytes:
    for folder in map(Path, zoneinfo.TZPATH):
        try:
            return (folder / name).read_bytes()
        except OSError:
            continue
    return b""


def _is_alike(one: ZoneInfo, other: ZoneInfo) -> bool:
    days = (COMPARED_FROM + timedelta(days=number) for number in range(COMPARED_DAYS))
    return all(day.astimezone(one).utcoffset() == day.astimezone(other).utcoffset() for day in days)
