"""What a file of another program says of the past: bytes by name and span of days, finer ones of the last days."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence  # noqa: TC003 - msgspec reads the types of what is sent to a service
from datetime import date  # noqa: TC003 - as above
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from reports.calendar.days import ONE_DAY
from reports.ledger.shape import APPLICATION, INTERFACE

METERS = (INTERFACE.name, APPLICATION.name)
MOST_BYTES = 2**50
"""Of one row."""
MOST_SPANS = 2_000
"""Of one name, longer than a day: months of a century and a half."""
FIRST_YEAR, LAST_YEAR, LAST_SECOND = 1970, 2199, 2**33
"""Times beyond are damage; the second is of 2242."""


class ForeignFileError(Exception):
    """A file that is not what it seems, or not whole; nothing of it is imported. The text names file, row and rule."""


class PastRow(NamedTuple):
    """Bytes of one interface or application within the local days `first` to `last`, one day or a longer span."""

    name: str
    first: date
    last: date
    received: int
    sent: int

    @property
    def total(self) -> int:
        """Received and sent together."""
        return self.received + self.sent


class PastHour(NamedTuple):
    """A part of a day, from `start` to `end` (UTC seconds): it says what lies before an instant of that day."""

    name: str
    start: int
    end: int
    received: int
    sent: int


class Past(NamedTuple):
    """The whole of one file.

    `kind` is the program, `identity` what tells its books from others of the same kind. `rows` may overlap, as a month
    and its days do. `read_until` (UTC seconds) is up to when they count. `machine` are the interfaces that stand for
    the whole machine. `notes` are for the user: what was left out, and why. `meter` says what all names are of:
    interfaces, or applications, whose bytes are estimates. `is_exact`: longer rows are the sums of shorter ones to the
    byte, so that what they have more is of the days that the shorter ones leave open, and no rounding.
    """

    kind: str
    identity: str
    read_until: int
    rows: Sequence[PastRow]
    hours: Sequence[PastHour] = ()
    machine: Sequence[str] = ()
    notes: Sequence[str] = ()
    meter: str = INTERFACE.name
    is_exact: bool = False


def check(past: Past, where: str) -> None:
    """Raise ForeignFileError for what cannot be: negative or endless bytes, reversed days, a span that comes twice."""
    if past.meter not in METERS:
        raise ForeignFileError(f"{where}: {past.meter!r} is refused: imported are {' and '.join(METERS)}")
    if not 0 <= past.read_until <= LAST_SECOND:
        raise ForeignFileError(f"{where}: it cannot have been written at {past.read_until} seconds since 1970")
    for hour in past.hours:
        if not (0 <= hour.start < hour.end <= LAST_SECOND and 0 <= hour.received <= MOST_BYTES >= hour.sent >= 0):
            raise ForeignFileError(f"{where}: {hour.name}: {hour.start} to {hour.end} cannot be a part of a day")
    seen: set[tuple[str, date, date]] = set()
    for row in past.rows:
        _check_row(row, where, past.meter)
        if (span := row[:3]) in seen:
            raise ForeignFileError(f"{where}: {row.name} has {row.first} to {row.last} twice")
        seen.add(span)
    spans = Counter(row.name for row in past.rows if row.first != row.last)
    for name, count in spans.most_common(1):
        if count > MOST_SPANS:
            raise ForeignFileError(f"{where}: {name} has {count} spans longer than a day, more than {MOST_SPANS}")


def _check_row(row: PastRow, where: str, meter: str) -> None:
    if not row.name:
        raise ForeignFileError(f"{where}: the row of {row.first} names no {meter}")
    if row.last < row.first:
        raise ForeignFileError(f"{where}: {row.name}: {row.first} to {row.last} is reversed")
    if row.first.year < FIRST_YEAR or row.last.year > LAST_YEAR:
        raise ForeignFileError(f"{where}: {row.name}: {row.first} to {row.last}: use {FIRST_YEAR} to {LAST_YEAR}")
    for side, amount in (("received", row.received), ("sent", row.sent)):
        if not 0 <= amount <= MOST_BYTES:
            raise ForeignFileError(f"{where}: {row.name}, {row.first}: {amount} bytes {side} cannot be")


def disjoint(rows: Iterable[PastRow]) -> tuple[list[PastRow], list[str]]:
    """The rows, each byte once: a span has what its shorter spans do not have. Then what contradicts, for the user.

    A span that only partly covers a shorter one cannot be told apart from it, and is left out. Where shorter spans have
    more than the longer one, they are right, and nothing remains of it.
    """
    kept: list[PastRow] = []
    notes: list[str] = []
    for _, of_name in groupby(sorted(rows), key=attrgetter("name")):
        found = list(of_name)
        days = [row for row in found if row.first == row.last]
        kept.extend(days)
        spans: list[tuple[PastRow, PastRow]] = []
        for row in sorted((row for row in found if row.first != row.last), key=lambda row: (row.last - row.first, row)):
            within = [(whole, rest) for whole, rest in spans if whole.first <= row.last and whole.last >= row.first]
            if any(whole.first < row.first or whole.last > row.last for whole, _ in within):
                notes.append(f"{_name(row)} overlaps a shorter span in part, and is left out")
                continue
            first, after = (bisect_left(days, day, key=attrgetter("first")) for day in (row.first, row.last + ONE_DAY))
            shorter = [*days[first:after], *(rest for _, rest in within)]
            received = row.received - sum(each.received for each in shorter)
            sent = row.sent - sum(each.sent for each in shorter)
            if received < 0 or sent < 0:
                notes.append(f"{_name(row)} has less than its days together: the days count")
            spans.append((row, row._replace(received=max(received, 0), sent=max(sent, 0))))
        kept.extend(rest for _, rest in spans if rest.total)
    return kept, notes


def renamed(past: Past, names: Mapping[str, str]) -> Past:
    """With other names; raises ForeignFileError for one that the file does not have."""
    held = {row.name for row in past.rows}
    if missing := sorted(set(names) - held):
        raise ForeignFileError(f"--map {missing[0]}: the file has no such {past.meter}, but {', '.join(sorted(held))}")
    new = [names.get(name, name) for name in sorted(held)]
    if twice := sorted({name for name in new if new.count(name) > 1}):
        raise ForeignFileError(f"--map: several {past.meter}s of the file would be {twice[0]}: give each its own name")
    return past._replace(
        rows=[row._replace(name=names.get(row.name, row.name)) for row in past.rows],
        hours=[hour._replace(name=names.get(hour.name, hour.name)) for hour in past.hours],
        machine=[names.get(name, name) for name in past.machine],
    )


def _name(row: PastRow) -> str:
    return f"{row.name}, {row.first} to {row.last},"
