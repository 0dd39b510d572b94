"""Days of the ledger one after the other without a hole, in columns: what an export and its formats go through."""

from __future__ import annotations

from calendar import monthrange
from itertools import chain
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger_reader import NO_BYTES, Bytes
from reports.periods import day_number, day_numbered, day_of, months

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from reports.ledger_reader import LedgerReader

PLAIN = "receive_bytes, transmit_bytes, estimated_bytes, peak_speed"
ADDED = "sum(receive_bytes), sum(transmit_bytes), sum(estimated_bytes), max(peak_speed)"
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


def days_told(ledger: LedgerReader, first: date, last: date, devices: Sequence[str | None]) -> Days:
    """The days of the range from the one that counting began, what waits to be posted included.

    Of several interfaces added up; None alone is the machine.
    """
    tables = [_rows(ledger, first, last, device) for device in devices]
    waiting = _waiting(ledger, first, last, devices)
    began = _began(ledger, [*(day for numbers, *_ in tables for day in numbers[:1]), *waiting], devices)
    if began is None:
        return NO_DAYS
    told = range(max(day_number(first), began), day_number(last) + 1)
    received, sent, estimated, peaks = _columns(told, tables)
    for number, used in waiting.items():
        place = number - told.start
        received[place] += used.received
        sent[place] += used.sent
        estimated[place] += used.estimated
        peaks[place] = max(peaks[place], used.peak_speed)
    return Days(_iso_dates(told), received, sent, estimated, peaks)


def _rows(ledger: LedgerReader, first: date, last: date, device: str | None) -> Sequence[Sequence[int]]:
    """Posted days with traffic, in columns: number, received, sent, estimated, peak."""
    one = _only_one(ledger) if device is None else device
    columns, rest = (ADDED, "GROUP BY day") if one is None else (PLAIN, "ORDER BY day")
    rows = ledger.select(
        f"day, {columns}",
        "usage_by_day",
        f"AND day BETWEEN :first AND :last {rest}",
        device=one,
        first=day_number(first),
        last=day_number(last),
    )
    return list(zip(*rows, strict=True)) or [()] * 5


def _only_one(ledger: LedgerReader) -> str | None:
    """The interface that is all of the machine, as on most: adding single rows up would take twice the time."""
    counted = [name for name, counts in ledger.devices().items() if counts]
    return counted[0] if len(counted) == 1 else None


def _waiting(ledger: LedgerReader, first: date, last: date, devices: Sequence[str | None]) -> Mapping[int, Bytes]:
    waiting: dict[int, Bytes] = {}
    for row in chain.from_iterable(ledger.waiting(device).slots for device in devices):
        day = day_of(row.started, ledger.zone)
        if first <= day <= last:
            number = day_number(day)
            waiting[number] = waiting.get(number, NO_BYTES).plus(row.bytes)
    return waiting


def _columns(told: range, tables: Sequence[Sequence[Sequence[int]]]) -> list[list[int]]:
    """Received, sent, estimated and peaks of the days that are told: amounts added, the higher peak."""
    first, *others = [[_filled(told, numbers, column) for column in columns] for numbers, *columns in tables]
    for columns in others:
        *amounts, peaks = zip(first, columns, strict=True)
        first = [*(list(map(add, *pair)) for pair in amounts), list(map(max, *peaks))]
    return first


def _filled(told: range, numbers: Sequence[int], column: Sequence[int]) -> list[int]:
    """A column with zeros where there is no row."""
    if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
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


def _began(ledger: LedgerReader, used: Sequence[int], devices: Sequence[str | None]) -> int | None:
    """The first day of the story: when counting began, or imported history before it; None in an empty ledger."""
    seen = [at for device in devices if (at := ledger.first_seen(device)) is not None]
    return min([*used, *(day_number(day_of(at, ledger.zone)) for at in seen)], default=None)
