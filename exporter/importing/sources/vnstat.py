"""vnStat 2: its database, and what `vnstat --json` prints. Facts: vnStat's source, and files that its 2.10 has written.

Resolution falls with age: 5 minutes are kept for 2 days, hours for 4, days for 62, months for 25, years for ever. Dates
are local, or UTC where vnstat.conf has UseUTC, which no file says. Neither does one before 2.14 say on which day of the
month its months begin (MonthRotate).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.importing.foreign import amounts, database, moment
from exporter.ledger.past.rows import FIRST_YEAR, LAST_YEAR, ForeignFileError, Past, PastHour, PastRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.importing.foreign import ForeignFile, ReadingOptions

KIND = "vnstat"
FILES = "vnStat 2 (database, JSON)"
DATABASE_VERSION, JSON_VERSION = "1", "2"
PARTS = {"fiveminute": timedelta(minutes=5), "hour": timedelta(hours=1)}
SPANS = ("day", "month", "year")
DECEMBER = 12


class Record(NamedTuple):
    """Bytes from `begin` on, by vnStat's clock."""

    begin: datetime
    received: int
    sent: int


class InterfaceHistory(NamedTuple):
    """What vnStat has of one interface, by the length of its entries; `month_begins` is None where it does not say."""

    interface: str
    created: datetime
    updated: datetime
    total: tuple[int, int]
    entries: Mapping[str, Sequence[Record]]
    month_begins: int | None = None


def claims(file: ForeignFile) -> bool:
    """True for the tables of vnStat, and for what `vnstat --json` prints."""
    if file.tables is not None:
        return {"info", "interface", "fiveminute", "month", "top"} <= set(file.tables)
    return isinstance(file.document, dict) and {"vnstatversion", "interfaces"} <= set(file.document)


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history in a database or a document."""
    if file.tables is not None:
        return _read_database(file.path, options.zone, options.month_begins)
    return _read_json(file.path, file.document, options.zone, options.month_begins)


def _read_database(path: Path, zone: ZoneInfo, month_begins: int) -> Past:
    with database(path) as connection:
        info = dict(connection.execute("SELECT name, value FROM info"))
        if (version := info.get("dbversion")) != DATABASE_VERSION:
            raise ForeignFileError(f"{path}: dbversion {version} of vnStat is not known, only {DATABASE_VERSION}")
        query = "SELECT id, name, created, updated, rxtotal, txtotal FROM interface ORDER BY name"
        histories = [
            InterfaceHistory(
                name,
                moment(created, path, f"interface {name}, created"),
                moment(updated, path, f"interface {name}, updated"),
                amounts(path, "interface, total", (received, sent)),
                {
                    table: [
                        Record(moment(at, path, f"{table}, row {row}"), *amounts(path, f"{table}, row {row}", moved))
                        for row, at, *moved in connection.execute(
                            f"SELECT id, date, rx, tx FROM {table} WHERE interface = ? ORDER BY date",  # noqa: S608 - our own names
                            (number,),
                        )
                    ]
                    for table in (*PARTS, *SPANS)
                },
            )
            for number, name, created, updated, received, sent in connection.execute(query)
        ]
    return _past(path, histories, zone, month_begins)


def _read_json(path: Path, document: Any, zone: ZoneInfo, month_begins: int) -> Past:
    if (version := document.get("jsonversion")) != JSON_VERSION:
        raise ForeignFileError(f"{path}: jsonversion {version} of vnStat is not known, only {JSON_VERSION}")
    histories = []
    try:
        for each in document["interfaces"]:
            name, traffic = each["name"], each["traffic"]
            entries = {
                table: [
                    Record(_begin(row), *amounts(path, f"{name}, {table}, id {row['id']}", (row["rx"], row["tx"])))
                    for row in traffic.get(table, ())
                ]
                for table in (*PARTS, *SPANS)
            }
            total = amounts(path, f"{name}, total", (traffic["total"]["rx"], traffic["total"]["tx"]))
            created, updated = _begin(each["created"]), _begin(each["updated"])
            histories.append(InterfaceHistory(name, created, updated, total, entries, each.get("monthrotate")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ForeignFileError(f"{path} is no whole document of `vnstat --json`: {error!r}") from error
    return _past(path, histories, zone, month_begins)


def _past(path: Path, histories: Sequence[InterfaceHistory], zone: ZoneInfo, month_begins: int) -> Past:
    if not histories:
        raise ForeignFileError(f"{path}: vnStat has no interface in it")
    rows = [row for history in histories for row in _rows(history, history.month_begins or month_begins)]
    hours = [
        PastHour(history.interface, int(_at(entry.begin, zone)), int(_at(entry.begin + PARTS[table], zone)), *entry[1:])
        for history in histories
        for table, entry in _finest(history)
    ]
    until = max(int(_at(history.updated, zone)) for history in histories)
    oldest = min(histories, key=lambda history: (history.created, history.interface))
    return Past(KIND, f"{oldest.interface} since {oldest.created.date()}", until, rows, hours)


def _rows(history: InterfaceHistory, month_begins: int) -> Iterable[PastRow]:
    """Days, months, years, and all there ever was since the interface was added; of spans that are alike, the finer."""
    created, newest = history.created.date(), history.updated.date()
    found: dict[tuple[date, date], PastRow] = {}
    for table in SPANS:
        for begin, *moved in history.entries[table]:
            first, last = _span(table, begin.date(), month_begins)
            span = max(first, min(created, last)), max(min(last, newest), first)
            found.setdefault(span, PastRow(history.interface, *span, *moved))
    # vnStat forgets years only where it is told to, and then has them in its total alone.
    oldest = min([created, *(first for first, _ in found)])
    found.setdefault((oldest, newest), PastRow(history.interface, oldest, newest, *history.total))
    return found.values()


def _span(table: str, day: date, month_begins: int) -> tuple[date, date]:
    if table == "day":
        return day, day
    if table == "year":
        return day.replace(month=1, day=1), day.replace(month=DECEMBER, day=31)
    after = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return _on(day, month_begins), _on(after, month_begins) - timedelta(days=1)


def _on(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))


def _finest(history: InterfaceHistory) -> Iterator[tuple[str, Record]]:
    """Five minutes from the first whole hour that has them on, hours before it."""
    minutes = history.entries["fiveminute"]
    since = minutes[0].begin + timedelta(minutes=-minutes[0].begin.minute % 60) if minutes else datetime.max  # noqa: DTZ901 - a clock without a zone
    yield from (("hour", entry) for entry in history.entries["hour"] if entry.begin < since)
    yield from (("fiveminute", entry) for entry in minutes if entry.begin >= since)


def _at(moment: datetime, zone: ZoneInfo) -> float:
    return moment.replace(tzinfo=zone).timestamp()


def _begin(row: Mapping[str, Any]) -> datetime:
    day, time = row["date"], row.get("time", {})
    if not FIRST_YEAR <= day["year"] <= LAST_YEAR:
        raise ValueError(f"the year {day['year']} is not of {FIRST_YEAR} to {LAST_YEAR}")
    return datetime(  # noqa: DTZ001 - vnStat's own clock
        day["year"], day.get("month", 1), day.get("day", 1), time.get("hour", 0), time.get("minute", 0)
    )
