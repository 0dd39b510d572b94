"""The history that PacketBuddy has of one machine: days, months that reach further back, samples of the last days.

Days and times are local. It adds up all interfaces of the machine, so its bytes stand for the machine.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.past.rows import ForeignFileError, Past, PastHour, PastRow
from reports.calendar.days import ONE_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from exporter.importing.foreign import ForeignFile

KIND = "packetbuddy"
INFLATED = (
    "PacketBuddy counts again what an interface has counted before PacketBuddy starts, and what a tunnel's own packets "
    "carry: its bytes may be more than were moved"
)
MINUTE = timedelta(minutes=1)


class DatedBytes(NamedTuple):
    """Bytes of the day or the month that begins at `begin`, or since the sample before one of this time."""

    begin: datetime
    received: int
    sent: int


class MachineHistory(NamedTuple):
    """One machine's; `interface` is what stands for it, `written` when the file was written (UTC seconds), if known."""

    identity: str
    days: Sequence[DatedBytes]
    months: Sequence[DatedBytes] = ()
    samples: Sequence[DatedBytes] = ()
    interface: str = KIND
    written: int | None = None
    notes: Sequence[str] = ()


def past(file: ForeignFile, history: MachineHistory, zone: ZoneInfo) -> Past:
    """The history of one machine; raises ForeignFileError where it has none."""
    rows = list(_rows(history))
    if not rows:
        raise ForeignFileError(f"{file.path}: PacketBuddy has counted nothing in it")
    newest = max(row.last for row in rows)
    return Past(
        KIND,
        history.identity,
        min(_until(history, newest, zone), file.modified),
        rows,
        list(_minutes(history, zone)),
        [history.interface],
        [INFLATED, *history.notes],
    )


def _rows(history: MachineHistory) -> Iterator[PastRow]:
    """Days, and months up to the newest day; of those that are alike, the day."""
    days = {day.begin.date() for day in history.days}
    for day in history.days:
        yield PastRow(history.interface, day.begin.date(), day.begin.date(), *day[1:])
    for month in history.months:
        first = month.begin.date()
        last = (first + timedelta(days=31)).replace(day=1) - ONE_DAY
        if days and first <= max(days) < last:
            last = max(days)
        if first != last or first not in days:
            yield PastRow(history.interface, first, last, *month[1:])


def _until(history: MachineHistory, newest: date, zone: ZoneInfo) -> int:
    """When the newest bytes were counted; the end of the newest day where nothing says it."""
    if history.written is not None:
        return history.written
    samples = [sample.begin for sample in history.samples]
    moment = max(samples) if samples else datetime.combine(newest + ONE_DAY, time())
    return int(moment.replace(tzinfo=zone).timestamp())


def _minutes(history: MachineHistory, zone: ZoneInfo) -> Iterator[PastHour]:
    """Samples by minute, without those of days on which the zone's offset changes: their text may mean two times."""
    sums: dict[datetime, list[int]] = {}
    for moment, received, sent in history.samples:
        found = sums.setdefault(moment.replace(second=0, microsecond=0), [0, 0])
        found[0] += received
        found[1] += sent
    even = {day: _is_even(day, zone) for day in {minute.date() for minute in sums}}
    for minute, (received, sent) in sorted(sums.items()):
        if even[minute.date()]:
            start, end = (int(at.replace(tzinfo=zone).timestamp()) for at in (minute, minute + MINUTE))
            yield PastHour(history.interface, start, end, received, sent)


def _is_even(day: date, zone: ZoneInfo) -> bool:
    begin, end = (datetime.combine(at, time(), zone) for at in (day, day + ONE_DAY))
    return begin.utcoffset() == end.utcoffset()
