"""What `vnstat --json` prints, of vnStat 1 and 2. Facts: vnStat's source (dbjson.c), and documents of 1.15, 1.18, 2.10.

Version 1 has KiB, its last 30 days, 12 months and 24 hours: what is older is in the total alone. Version 2 has bytes,
and what the database has. Only vnStat 2.14 and later say on which day their months begin.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.importing.foreign import amounts
from exporter.importing.sources.vnstat.histories import PARTS, SPANS, InterfaceHistory, Record, last_hour, past
from exporter.ledger.past.rows import FIRST_YEAR, LAST_YEAR, ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past


class Version(NamedTuple):
    """What a version calls an interface and its tables, the bytes of its unit; whether an id is an hour's number."""

    name: str
    tables: Mapping[str, str]
    unit: int
    numbers_hours: bool


VERSIONS = {
    "1": Version("id", {"hour": "hours", "day": "days", "month": "months"}, 1024, numbers_hours=True),
    "2": Version("name", {table: table for table in (*PARTS, *SPANS)}, 1, numbers_hours=False),
}


def claims(file: ForeignFile) -> bool:
    """True for what `vnstat --json` prints."""
    return isinstance(file.document, dict) and {"vnstatversion", "interfaces"} <= set(file.document)


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history in a document; raises ForeignFileError where it is of another version, or not whole."""
    document: Any = file.document
    version = VERSIONS.get(str(document.get("jsonversion")))
    if version is None:
        known = " and ".join(VERSIONS)
        raise ForeignFileError(
            f"{file.path}: jsonversion {document.get('jsonversion')} of vnStat is not known, only {known}"
        )
    try:
        histories = [_history(file.path, each, version) for each in document["interfaces"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ForeignFileError(f"{file.path} is no whole document of `vnstat --json`: {error!r}") from error
    return past(file.path, histories, options.zone, options.month_begins)


def _history(path: Path, found: Mapping[str, Any], version: Version) -> InterfaceHistory:
    name, traffic = found[version.name], found["traffic"]
    created, updated = _begin(found["created"]), _begin(found["updated"])
    entries: dict[str, list[Record]] = {table: [] for table in (*PARTS, *SPANS)}
    for table, key in version.tables.items():
        for row in traffic.get(key, ()):
            begin = _begin(row)
            if table == "hour" and version.numbers_hours:
                begin = last_hour(begin, row["id"], updated)
            moved = amounts(path, f"{name}, {key}, id {row['id']}", (row["rx"], row["tx"]))
            entries[table].append(Record(begin, *(amount * version.unit for amount in moved)))
    moved = amounts(path, f"{name}, total", (traffic["total"]["rx"], traffic["total"]["tx"]))
    received, sent = (amount * version.unit for amount in moved)
    return InterfaceHistory(name, created, updated, (received, sent), entries, found.get("monthrotate"))


def _begin(row: Mapping[str, Any]) -> datetime:
    day, time = row["date"], row.get("time", {})
    if not FIRST_YEAR <= day["year"] <= LAST_YEAR:
        raise ValueError(f"the year {day['year']} is not of {FIRST_YEAR} to {LAST_YEAR}")
    return datetime(  # noqa: DTZ001 - vnStat's own clock
        day["year"],
        day.get("month", 1),
        day.get("day", 1),
        time.get("hour", 0),
        time.get("minute", time.get("minutes", 0)),
    )
