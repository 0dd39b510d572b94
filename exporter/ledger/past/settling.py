"""What of another program's history is added: what netledger has not counted itself, each byte once; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.past.open_days import in_open_days
from exporter.ledger.past.rows import disjoint
from reports.calendar.days import ONE_DAY, dates, day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from exporter.ledger.past.rows import Past, PastHour, PastRow


class Counted(NamedTuple):
    """What netledger has counted of a name: since when (UTC seconds), and a question for the bytes of its days.

    `moved(first, last)` gives bytes received and sent of local days, up to what the file has read itself.
    """

    began: int
    moved: Callable[[date, date], tuple[int, int]]


class Settled(NamedTuple):
    """Rows to keep, and what became of the others: bytes that netledger has counted itself, notes for the user."""

    rows: tuple[PastRow, ...]
    own_bytes: int
    notes: tuple[str, ...]


class OtherRow(NamedTuple):
    """A row of another source; `is_machine`: it stands for all interfaces."""

    row: PastRow
    is_machine: bool


def settled(past: Past, zone: ZoneInfo, counted: Callable[[str], Counted | None], taken: Iterable[OtherRow]) -> Settled:
    """Settle the rows of a file. `counted` is asked by name; `taken` are rows of other sources."""
    rows, notes = disjoint(past.rows)
    if past.is_exact:
        rows = in_open_days(rows, past.rows)
    kept: dict[tuple[str, date, date], PastRow] = {}
    others, by_name, own_bytes, doubled = _TakenDays(taken), _by_name(rows), 0, 0
    newest, to_come = day_of(past.read_until, zone) + ONE_DAY, 0  # the file's own zone may be a day ahead
    for row in rows:
        if row.first > newest:
            to_come += 1
            continue
        if others.overlap(row, past.machine):
            doubled += 1
            continue
        left = _before(row, counted(row.name), zone, past.hours, by_name[row.name])
        own_bytes += row.total - left.total
        if left.total or left == row:  # spans that netledger's begin cuts may end alike
            held = kept.get(left[:3], left._replace(received=0, sent=0))
            kept[left[:3]] = left._replace(received=left.received + held.received, sent=left.sent + held.sent)
    if doubled:
        notes.append(f"{_rows_are(doubled)} of days that another source has brought, and left out")
    if to_come:
        notes.append(f"{_rows_are(to_come)} of days to come, and left out")
    return Settled(tuple(kept.values()), own_bytes, (*past.notes, *notes))


def _rows_are(number: int) -> str:
    return f"{number:,} {'row is' if number == 1 else 'rows are'}"


class _TakenDays:
    """Days and spans that other sources have brought, by name."""

    def __init__(self, taken: Iterable[OtherRow]) -> None:
        self._days: dict[str, set[date]] = {}
        self._spans: dict[str, list[PastRow]] = {}
        self._machines: set[str] = set()
        for row, is_machine in taken:
            if row.first == row.last:
                self._days.setdefault(row.name, set()).add(row.first)
            else:
                self._spans.setdefault(row.name, []).append(row)
            if is_machine:
                self._machines.add(row.name)

    def overlap(self, row: PastRow, machine: Sequence[str]) -> bool:
        """True if a row is of days that are taken: of its name, of all where one of both stands for all."""
        names = {row.name, *self._machines}
        if row.name in machine:
            names = {*self._days, *self._spans}
        return any(self._is_taken(name, row) for name in names)

    def _is_taken(self, name: str, row: PastRow) -> bool:
        days = self._days.get(name, set())
        if row.first in days or (row.first != row.last and any(row.first <= day <= row.last for day in days)):
            return True
        return any(span.first <= row.last and span.last >= row.first for span in self._spans.get(name, ()))


def _before(
    row: PastRow, counted: Counted | None, zone: ZoneInfo, hours: Sequence[PastHour], of_name: Sequence[PastRow]
) -> PastRow:
    """The part of a row before netledger began to count; `of_name` are all rows of its name."""
    if counted is None:
        return row
    begun = day_of(counted.began, zone)
    if row.last < begun:
        return row
    if row.first > begun:
        return row._replace(received=0, sent=0)
    if row.first == row.last:
        found = _of_hours(row, counted.began, zone, hours)
        if found is not None:
            return found
    received, sent = _own(counted, max(row.first, begun), row.last, _shorter_days(row, of_name))
    return row._replace(
        last=min(row.last, begun), received=max(row.received - received, 0), sent=max(row.sent - sent, 0)
    )


def _own(counted: Counted, first: date, last: date, without: set[date]) -> tuple[int, int]:
    """Bytes that netledger has counted in days, those left out that the file has by themselves."""
    received, sent = counted.moved(first, last)
    for day in without:
        if first <= day <= last:
            less_received, less_sent = counted.moved(day, day)
            received, sent = received - less_received, sent - less_sent
    return received, sent


def _of_hours(row: PastRow, began: int, zone: ZoneInfo, hours: Sequence[PastHour]) -> PastRow | None:
    """The hours of a day before an instant, where the file has every byte of that day by the hour."""
    of_day = [hour for hour in hours if hour.name == row.name and day_of(hour.start, zone) == row.first]
    if sum(hour.received + hour.sent for hour in of_day) != row.total:
        return None
    earlier = [hour for hour in of_day if hour.end <= began]
    return row._replace(received=sum(hour.received for hour in earlier), sent=sum(hour.sent for hour in earlier))


def _by_name(rows: Iterable[PastRow]) -> dict[str, list[PastRow]]:
    found: dict[str, list[PastRow]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row)
    return found


def _shorter_days(row: PastRow, of_name: Iterable[PastRow]) -> set[date]:
    """The days within a row of which shorter rows have the bytes."""
    length = row.last - row.first
    within = (each for each in of_name if row.first <= each.first and each.last <= row.last)
    shorter = (each for each in within if each.last - each.first < length)
    return {day for each in shorter for day in dates(each.first, each.last)}
