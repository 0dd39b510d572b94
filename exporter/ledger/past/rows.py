"""What a file of another program says of the past: bytes by interface and span of days, finer ones of the last days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence  # noqa: TC003 - msgspec reads the types of what is sent to a service
from datetime import date  # noqa: TC003 - as above
from typing import NamedTuple

MOST_BYTES = 2**50
"""Of one row."""
LAST_SECOND = 2**33
"""UTC, in the year 2242."""


class ForeignFileError(Exception):
    """A file that is not what it seems, or not whole; nothing of it is imported. The text names file, row and rule."""


class PastRow(NamedTuple):
    """Bytes of one interface within the local days `first` to `last`, which are one day or a longer span."""

    interface: str
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

    interface: str
    start: int
    end: int
    received: int
    sent: int


class Past(NamedTuple):
    """The whole of one file.

    `kind` is the program, `identity` what tells its books from others of the same kind. `rows` may overlap, as a month
    and its days do. `read_until` (UTC seconds) is up to when they count. `machine` are the interfaces that stand for
    the whole machine. `notes` are for the user: what was left out, and why.
    """

    kind: str
    identity: str
    read_until: int
    rows: Sequence[PastRow]
    hours: Sequence[PastHour] = ()
    machine: Sequence[str] = ()
    notes: Sequence[str] = ()


def check(past: Past, where: str) -> None:
    """Raise ForeignFileError for a row that cannot be: negative or endless bytes, reversed days."""
    if not 0 <= past.read_until <= LAST_SECOND:
        raise ForeignFileError(f"{where}: it cannot have been written at {past.read_until} seconds since 1970")
    for hour in past.hours:
        if not (0 <= hour.start < hour.end <= LAST_SECOND and 0 <= hour.received <= MOST_BYTES >= hour.sent >= 0):
            raise ForeignFileError(f"{where}: {hour.interface}: {hour.start} to {hour.end} cannot be a part of a day")
    for row in past.rows:
        if not row.interface:
            raise ForeignFileError(f"{where}: the row of {row.first} names no interface")
        if row.last < row.first:
            raise ForeignFileError(f"{where}: {row.interface}: {row.first} to {row.last} is reversed")
        for side, amount in (("received", row.received), ("sent", row.sent)):
            if not 0 <= amount <= MOST_BYTES:
                raise ForeignFileError(f"{where}: {row.interface}, {row.first}: {amount} bytes {side} cannot be")


def disjoint(rows: Iterable[PastRow]) -> tuple[list[PastRow], list[str]]:
    """The rows, each byte once: a span has what its shorter spans do not have. Then what contradicts, for the user.

    A span that only partly covers a shorter one cannot be told apart from it, and is left out. Where shorter spans have
    more than the longer one, they are right, and nothing remains of it.
    """
    kept: dict[str, list[tuple[PastRow, PastRow]]] = {}
    notes: list[str] = []
    for row in sorted(rows, key=lambda row: (row.interface, (row.last - row.first).days, row.first)):
        others = kept.setdefault(row.interface, [])
        meeting = [(whole, rest) for whole, rest in others if whole.first <= row.last and whole.last >= row.first]
        if any(whole.first < row.first or whole.last > row.last for whole, _ in meeting):
            notes.append(f"{_name(row)} overlaps a shorter span in part, and is left out")
            continue
        received = row.received - sum(rest.received for _, rest in meeting)
        sent = row.sent - sum(rest.sent for _, rest in meeting)
        if received < 0 or sent < 0:
            notes.append(f"{_name(row)} has less than its days together: the days count")
        others.append((row, row._replace(received=max(received, 0), sent=max(sent, 0))))
    return [rest for pairs in kept.values() for whole, rest in pairs if rest.total or whole.first == whole.last], notes


def renamed(past: Past, names: Mapping[str, str]) -> Past:
    """With interfaces under other names; raises ForeignFileError for a name that the file does not have."""
    held = {row.interface for row in past.rows}
    if missing := sorted(set(names) - held):
        raise ForeignFileError(f"--map {missing[0]}: the file has no such interface, but {', '.join(sorted(held))}")
    return past._replace(
        rows=[row._replace(interface=names.get(row.interface, row.interface)) for row in past.rows],
        hours=[hour._replace(interface=names.get(hour.interface, hour.interface)) for hour in past.hours],
        machine=[names.get(name, name) for name in past.machine],
    )


def _name(row: PastRow) -> str:
    return f"{row.interface}, {row.first} to {row.last},"
