"""AirTraffic: the database of its Python version, `~/.airtraffic/network_stats.db`, and the state of its Swift version.

Both have bytes by application that are estimates. The database has, for each minute, the machine's bytes per second,
split by each application's share of open sockets, under the names of bytes: a day has 60 times their sum. The state has
this day and this month only, and counts again what a program has counted when another of its processes ends.
Facts: a database that it has written, and its source.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.importing.foreign import amounts, database, moment
from exporter.ledger.past.rows import MOST_BYTES, ForeignFileError, Past, PastRow
from reports.calendar.days import ONE_DAY
from reports.ledger.shape import APPLICATION

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.importing.foreign import ForeignFile, ReadingOptions

KIND = "airtraffic"
FILES = "AirTraffic (network_stats.db, state.json)"
COLUMNS = {"timestamp", "app_name", "bytes_sent", "bytes_recv"}
MINUTE_SECONDS = 60
SWIFT_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
STATE = {"todayByApp", "monthByApp"}
LATEST = 2**33
RATES = "estimates: AirTraffic has bytes per second by shares of open sockets; they are taken for a minute each"
GUESSED = "estimates: AirTraffic counts again what a program has counted when one of its processes ends"
NO_NUMBER = "typeof({name}) NOT IN ('integer', 'real') OR {name} < 0 OR {name} > {most}"


def claims(file: ForeignFile) -> bool:
    """True for a table of statistics by application, and for the state's two accounts by application."""
    if file.tables is not None:
        return "app_name" in file.tables.get("network_stats", ())
    return isinstance(file.document, dict) and set(file.document) >= STATE


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history by application."""
    if file.tables is not None:
        return _read_database(file, options.zone)
    return _read_state(file, options.zone)


def _read_database(file: ForeignFile, zone: ZoneInfo) -> Past:
    path, held = file.path, (file.tables or {})["network_stats"]
    if missing := sorted(COLUMNS - held):
        raise ForeignFileError(f"{path}: this version of AirTraffic is not known: network_stats has no {missing[0]}")
    with database(path) as connection:
        _check(path, connection)
        query = """
            SELECT app_name, substr(timestamp, 1, 10), sum(bytes_recv), sum(bytes_sent), min(rowid), max(timestamp)
            FROM network_stats GROUP BY 1, 2 ORDER BY 1, 2
        """
        rows, newest = [], ""
        for name, day, received, sent, number, latest in connection.execute(query):
            at = moment(day, path, f"network_stats, row {number}").date()
            rows.append(PastRow(name, at, at, round(MINUTE_SECONDS * received), round(MINUTE_SECONDS * sent)))
            newest = max(newest, latest)
        (oldest,) = connection.execute("SELECT min(timestamp) FROM network_stats").fetchone()
    if not rows:
        raise ForeignFileError(f"{path}: AirTraffic has counted nothing in it")
    until = moment(newest, path, "the newest timestamp").replace(tzinfo=zone).timestamp()
    return Past(KIND, f"since {oldest}", min(int(until), file.modified), rows, notes=[RATES], meter=APPLICATION.name)


def _check(path: Path, connection: sqlite3.Connection) -> None:
    """Raise ForeignFileError for the first row that cannot be."""
    rules = {
        "timestamp": "datetime(timestamp) IS NULL",
        "app_name": "typeof(app_name) <> 'text' OR app_name = ''",
        **{name: NO_NUMBER.format(name=name, most=MOST_BYTES) for name in ("bytes_recv", "bytes_sent")},
    }
    for column, rule in rules.items():
        query = f"SELECT rowid, {column} FROM network_stats WHERE {rule} ORDER BY rowid LIMIT 1"  # noqa: S608 - our own rules
        if (found := connection.execute(query).fetchone()) is not None:
            row, value = found
            raise ForeignFileError(f"{path}: network_stats, row {row}: {column} cannot be {value!r}")


class SwiftDates(NamedTuple):
    """When today and this month began, and when the state was written."""

    today: datetime
    month: datetime
    written: datetime


def _read_state(file: ForeignFile, zone: ZoneInfo) -> Past:
    path, document = file.path, file.document
    dates = SwiftDates(*(_moment(path, document, name) for name in ("todayStart", "monthStart", "lastUpdate")))
    today, begin = (at.astimezone(zone).date() for at in dates[:2])
    rows = [PastRow(name, today, today, *moved) for name, moved in _accounts(path, document, "todayByApp").items()]
    if begin > today:
        raise ForeignFileError(f"{path}: monthStart, {begin}, is after todayStart, {today}")
    if begin < today:
        months = _accounts(path, document, "monthByApp")
        rows += [PastRow(name, begin, today, *moved) for name, moved in months.items()]
    if not rows:
        raise ForeignFileError(f"{path}: AirTraffic has counted nothing in it")
    end = datetime.combine(today + ONE_DAY, time(), zone)
    until = min(int(dates.written.timestamp()), int(end.timestamp()), file.modified)
    identity = f"month from {begin}"
    return Past(KIND, identity, until, rows, notes=[GUESSED], meter=APPLICATION.name, is_exact=True)


def _moment(path: Path, document: Mapping[str, Any], name: str) -> datetime:
    """A date as Swift writes it: seconds since 2001 in UTC."""
    seconds = document.get(name)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < LATEST:
        raise ForeignFileError(f"{path}: {name} is {seconds!r}, and no number of seconds since 2001")
    return SWIFT_EPOCH + timedelta(seconds=seconds)


def _accounts(path: Path, document: Mapping[str, Any], name: str) -> dict[str, tuple[int, int]]:
    """Bytes received and sent by application."""
    found = document[name]
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise ForeignFileError(f"{path}: {name} is no account by application")
    sides: Sequence[str] = ("bytesIn", "bytesOut")
    return {
        application: amounts(path, f"{name}, {application}", [moved.get(side) for side in sides], sides)
        for application, moved in found.items()
    }
