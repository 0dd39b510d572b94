"""Counts of each interface at every local midnight: the days of the ledger, added up once."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS, day_from_number, day_number, day_of, day_start
from reports.calendar.history import periods_at
from reports.ledger.amounts import every_day
from reports.ledger.columns import by_subject
from reports.ledger.shape import GONE, INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.calendar.period import Period
    from reports.ledger.reader import LedgerReader
    from reports.ledger.rows import Interface


DIRECTIONS = ("receive", "transmit")
"""Directions of the counts of bytes, the first two of the meter's sums; they have a history by period."""


class Calendar:
    """The local days of a zone by their numbers."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Days are numbered from 1970-01-01."""
        self.zone = zone

    def start(self, day: int) -> int:
        """UTC seconds at which the day begins."""
        return day_start(day_from_number(day), self.zone)

    def at(self, instant: int) -> int:
        """The day of an instant (UTC seconds)."""
        return day_number(day_of(instant, self.zone))

    def date(self, day: int) -> date:
        """The date of a day."""
        return day_from_number(day)

    def periods(self, day: int) -> Iterable[Period]:
        """The day, week, month and year of a day."""
        return periods_at(day_from_number(day), self.zone).values()


MACHINE = ""
"""Name of the machine: no interface has an empty name."""


class PastInterface(NamedTuple):
    """One interface, or the machine: lifetime counts at each local midnight.

    It has samples from `begins` to `ends` (UTC seconds, whole quarter hours, both included). `first` is the number of
    the first day with a byte; `sums[count][place]` is the count before the day `first + place`.
    """

    name: str
    is_counted: bool
    begins: int
    ends: int
    first: int
    sums: Sequence[array[int]]

    def before(self, count: int, day: int) -> int:
        """The count before a day."""
        sums = self.sums[count]
        return sums[min(max(day - self.first, 0), len(sums) - 1)]


def past_interfaces(ledger: LedgerReader, horizon: int) -> list[PastInterface]:
    """Every interface with a byte in the ledger, up to `horizon` (UTC seconds)."""
    found = by_subject(ledger, every_day(ledger.every_interface()), INTERFACE.sums)
    known = {interface.device: interface for interface in ledger.interfaces()}
    return [
        _past_interface(known[device], days[0], [_before(days, amounts) for amounts in columns], horizon, ledger.zone)
        for (device,), (days, *columns) in sorted(found.items())
        if device != GONE
    ]


def _before(days: Sequence[int], amounts: Sequence[int]) -> array[int]:
    """The sum of all amounts before each day from the first on, and after the last."""
    sums = array("q", [0])
    for day, amount in zip(days, amounts, strict=True):
        sums.extend([sums[-1]] * (day - days[0] + 1 - len(sums)))
        sums.append(sums[-1] + amount)
    return sums


def past_machine(interfaces: Sequence[PastInterface]) -> PastInterface | None:
    """The counted interfaces, added up; None without any."""
    counted = [interface for interface in interfaces if interface.is_counted]
    if not counted:
        return None
    first = min(interface.first for interface in counted)
    end = max(interface.first + len(interface.sums[0]) for interface in counted)
    sums = [
        array("q", [sum(interface.before(count, day) for interface in counted) for day in range(first, end)])
        for count in range(len(DIRECTIONS))
    ]
    begins, ends = min(each.begins for each in counted), max(each.ends for each in counted)
    return PastInterface(MACHINE, True, begins, ends, first, sums)  # noqa: FBT003 - it counts


def _past_interface(
    known: Interface, first: int, sums: Sequence[array[int]], horizon: int, zone: ZoneInfo
) -> PastInterface:
    """Counted interfaces have samples up to the horizon, others until they left."""
    midnight = day_start(day_from_number(first), zone)
    begins = max(midnight, known.first_seen // SLOT_SECONDS * SLOT_SECONDS)
    # Imported days, and days that were moved with the clock, may lie before the first sample.
    if day_number(day_of(begins, zone)) > first:
        begins = midnight
    left = -(-known.last_seen // SLOT_SECONDS) * SLOT_SECONDS
    ends = horizon if known.is_counted else min(horizon, max(left, begins))
    return PastInterface(known.device, known.is_counted, begins, ends, first, sums)
