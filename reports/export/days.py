"""Days of the ledger one after the other without a hole, in columns: what an export and its formats go through."""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.periods import day_number, day_numbered, months
from reports.ledger.amounts import local_days
from reports.ledger.columns import by_subject
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableSequence, Sequence
    from datetime import date

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

DAYS_OF_MONTH = tuple(f"-{day:02}" for day in range(1, 32))


class Days(NamedTuple):
    """Days column by column, as long as each other: ten years take 700 KB, and are added up in no time.

    Dates are ISO texts; the amounts are bytes, the peaks bytes per second.
    """

    dates: Sequence[str]
    received: Sequence[int]
    sent: Sequence[int]
    estimated: Sequence[int]
    peaks: Sequence[int]

    @property
    def size(self) -> int:
        """How many days."""
        return len(self.dates)

    @property
    def total(self) -> Bytes:
        """All of them together."""
        return Bytes(sum(self.received), sum(self.sent), sum(self.estimated), max(self.peaks, default=0))

    def part(self, begin: int, end: int) -> Days:
        """The days numbered [begin, end)."""
        return Days(
            self.dates[begin:end],
            self.received[begin:end],
            self.sent[begin:end],
            self.estimated[begin:end],
            self.peaks[begin:end],
        )

    def amounts(self, number: int) -> Bytes:
        """One of them."""
        return Bytes(self.received[number], self.sent[number], self.estimated[number], self.peaks[number])


NO_DAYS = Days((), (), (), (), ())


class InterfaceDays(NamedTuple):
    """Days with traffic of one interface in columns, oldest first; numbers are days since 1970, the rest as in Days."""

    numbers: MutableSequence[int]
    received: MutableSequence[int]
    sent: MutableSequence[int]
    estimated: MutableSequence[int]
    peaks: MutableSequence[int]

    @property
    def total(self) -> Bytes:
        """All of them together."""
        return Bytes(sum(self.received), sum(self.sent), sum(self.estimated), max(self.peaks, default=0))

    def of(self, number: int) -> Bytes:
        """One day, whether anything was moved on it or not."""
        place = bisect_left(self.numbers, number)
        if place == len(self.numbers) or self.numbers[place] != number:
            return NO_BYTES
        return Bytes(self.received[place], self.sent[place], self.estimated[place], self.peaks[place])


def days_by_interface(ledger: LedgerReader, first: date, last: date, selection: Selection) -> dict[str, InterfaceDays]:
    """The days of each interface that moved anything in the range, what waits to be posted included."""
    found = by_subject(ledger, local_days(selection, first, last), BYTES)
    return {device: InterfaceDays(*columns) for (device,), columns in found.items()}


def contiguous_days(first: date, last: date, used: Iterable[InterfaceDays], seen: Iterable[date]) -> Days:
    """The days of the range from the one that counting began, of several interfaces added up.

    `seen` is when their counting began; history that was imported may be older.
    """
    tables = list(used)
    began = min([*(table.numbers[0] for table in tables), *map(day_number, seen)], default=None)
    if began is None:
        return NO_DAYS
    told = range(max(day_number(first), began), day_number(last) + 1)
    return Days(_iso_dates(told), *_columns(told, tables))


def _columns(told: range, tables: Sequence[InterfaceDays]) -> list[list[int]]:
    """Received, sent, estimated and peaks of the days that are told: amounts added, the higher peak."""
    if not tables:
        return [[0] * len(told) for _ in BYTES]
    first, *others = [[_filled(told, numbers, column) for column in columns] for numbers, *columns in tables]
    for columns in others:
        *amounts, peaks = zip(first, columns, strict=True)
        higher = [one if one > other else other for one, other in zip(*peaks, strict=True)]  # noqa: FURB136 - a fourth of its time
        first = [*(list(map(add, *pair)) for pair in amounts), higher]
    return first


def _filled(told: range, numbers: Sequence[int], column: Sequence[int]) -> list[int]:
    """A column with zeros where there is no row."""
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return [*[0] * (numbers[0] - told.start), *column, *[0] * (told.stop - 1 - numbers[-1])]
    filled = [0] * len(told)
    for number, amount in zip(numbers, column, strict=True):
        filled[number - told.start] = amount
    return filled


def _iso_dates(told: range) -> list[str]:
    """Put together by month: an object for each day would take three times as long."""
    if not told:
        return []
    first, last = day_numbered(told.start), day_numbered(told.stop - 1)
    whole: list[str] = []
    for year, month in months(first, last):
        prefix = f"{year:04}-{month:02}"
        whole.extend([prefix + day for day in DAYS_OF_MONTH[: monthrange(year, month)[1]]])
    return whole[first.day - 1 : first.day - 1 + len(told)]
