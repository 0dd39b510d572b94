"""What vnStat has of its interfaces, of whatever version, as history: of a byte in several entries, the finest."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from exporter.importing.spans import Span, month
from exporter.ledger.past.rows import ForeignFileError, Past, PastHour, PastRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

KIND = "vnstat"
PARTS = {"fiveminute": timedelta(minutes=5), "hour": timedelta(hours=1)}
SPANS = ("day", "month", "year")
DECEMBER, HOURS = 12, 24


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


def past(path: Path, histories: Sequence[InterfaceHistory], zone: ZoneInfo, month_begins: int) -> Past:
    """The history of a file; raises ForeignFileError where it has no interface."""
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
    identity = f"{oldest.interface} since {oldest.created.date()}"
    return Past(KIND, identity, until, rows, hours, is_exact=True)


def last_hour(stamp: datetime, hour: int, updated: datetime) -> datetime:
    """The begin of an hour of the last 24: vnStat 1 dates the last hour of a day by an update after its midnight."""
    if not 0 <= hour < HOURS:
        raise ValueError(f"{hour} is no hour of a day")
    begin = stamp.replace(hour=hour, minute=0, second=0)
    return begin if begin <= updated else begin - timedelta(days=1)


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


def _span(table: str, day: date, month_begins: int) -> Span:
    if table == "day":
        return Span(day, day)
    if table == "year":
        return Span(day.replace(month=1, day=1), day.replace(month=DECEMBER, day=31))
    return month(day, month_begins)


def _finest(history: InterfaceHistory) -> Iterator[tuple[str, Record]]:
    """Five minutes from the first whole hour that has them on, hours before it."""
    minutes = history.entries["fiveminute"]
    since = minutes[0].begin + timedelta(minutes=-minutes[0].begin.minute % 60) if minutes else datetime.max  # noqa: DTZ901 - a clock without a zone
    yield from (("hour", entry) for entry in history.entries["hour"] if entry.begin < since)
    yield from (("fiveminute", entry) for entry in minutes if entry.begin >= since)


def _at(moment: datetime, zone: ZoneInfo) -> float:
    return moment.replace(tzinfo=zone).timestamp()
