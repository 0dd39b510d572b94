"""Bytes of the current civil periods by name, for meters with too many subjects for a history in memory."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.history import PERIODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Key = tuple[str, str]
"""A meter's name, and the first dimension of its subjects."""


class PeriodRow(NamedTuple):
    """What the ledger holds by name: bytes received and transmitted in each of PERIODS that `day` is in, in turn."""

    meter: str
    name: str
    sums: Sequence[int]


class PeriodSums:
    """Eight numbers a name: 0.4 kB. Names that moved nothing in them are forgotten."""

    def __init__(self) -> None:
        """Begin empty."""
        self._day = date.min
        self._sums: dict[Key, list[int]] = {}

    def load(self, day: date, rows: Iterable[PeriodRow]) -> None:
        """Start again from the ledger: sums until `day`, the newest that it holds."""
        self._day = day
        self._sums = {(row.meter, row.name): list(row.sums) for row in rows}

    def add(self, key: Key, day: date, received: int, transmitted: int) -> None:
        """Add bytes to the periods that a local day is in."""
        if day > self._day:
            self._turn_to(day)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0] * (2 * len(PERIODS))
        for place, is_in in enumerate(_shared(self._day, day)):
            if is_in:
                sums[2 * place] += received
                sums[2 * place + 1] += transmitted

    def to_date(self, key: Key, today: date) -> tuple[tuple[int, int], ...]:
        """Bytes received and transmitted of each of PERIODS that `today` is in, until now."""
        sums = self._sums.get(key)
        if sums is None:
            return ((0, 0),) * len(PERIODS)
        shared = enumerate(_shared(self._day, today))
        return tuple((sums[2 * place], sums[2 * place + 1]) if is_in else (0, 0) for place, is_in in shared)

    def _turn_to(self, day: date) -> None:
        kept = _shared(self._day, day)
        self._day = day
        for sums in self._sums.values():
            for place, is_kept in enumerate(kept):
                if not is_kept:
                    sums[2 * place] = sums[2 * place + 1] = 0
        self._sums = {key: sums for key, sums in self._sums.items() if any(sums)}


def _shared(one: date, other: date) -> tuple[bool, bool, bool, bool]:
    """Which of PERIODS both days are in; weeks begin on Monday."""
    if one == other:
        return (True, True, True, True)
    year = one.year == other.year
    week = one.toordinal() - one.weekday() == other.toordinal() - other.weekday()
    return (False, week, year and one.month == other.month, year)
