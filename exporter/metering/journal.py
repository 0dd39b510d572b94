"""The journal: usage that is counted and not yet in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.clock_repair import Move, Realign
from exporter.metering.postings import Gap, Incident, Speeds, Usage
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS, Piece, moved, moved_back, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.metering.clock_repair import Change
    from exporter.metering.readings import Counts, Subject


class Journal:
    """Adds deltas up by slot and by minute until a posting takes them; bounded by the number of slots and subjects."""

    def __init__(self) -> None:
        """Begin empty."""
        self.slots: dict[tuple[int, Subject], Usage] = {}
        self.minutes: dict[tuple[int, Subject], Usage] = {}
        self.gaps: list[Gap] = []
        self.incidents: list[Incident] = []

    def add(self, subject: Subject, counts: Counts, *, began: int, ended: int, with_minutes: bool) -> list[Piece]:
        """Book what was moved in [began, ended) (wall nanoseconds); returns the pieces by minute."""
        minute = MINUTE_SECONDS * SECOND
        number = (ended - 1) // minute
        if began // minute == number:  # nearly every sample
            pieces = [Piece(number * MINUTE_SECONDS, counts)]
        else:
            pieces = list(spread(counts, began, ended, MINUTE_SECONDS))
        for start, part in pieces:
            usage = Usage(part)
            _merge(self.slots, start // SLOT_SECONDS * SLOT_SECONDS, subject, usage)
            if with_minutes:
                _merge(self.minutes, start, subject, usage)
        return pieces

    def note_peaks(self, subject: Subject, minute: int, speeds: Speeds, *, with_minutes: bool) -> None:
        """Remember the speeds of the newest piece, which began with this minute (UTC seconds)."""
        usage = Usage(peaks=speeds)
        _merge(self.slots, minute // SLOT_SECONDS * SLOT_SECONDS, subject, usage)
        if with_minutes:
            _merge(self.minutes, minute, subject, usage)

    def add_estimated(self, subject: Subject, counts: Counts, *, began: int, ended: int) -> list[Piece]:
        """Book what was moved in a stretch that nobody watched: spread over its slots by time, marked estimated."""
        pieces = list(spread(counts, began, ended, SLOT_SECONDS))
        for start, part in pieces:
            _merge(self.slots, start, subject, Usage(part, part.bytes))
        return pieces

    def clear(self) -> None:
        """Begin anew: a posting has taken everything."""
        self.slots, self.minutes, self.gaps, self.incidents = {}, {}, [], []

    def shift(self, change: Change) -> None:
        """Move what waits to where a clock that was set puts it."""
        place = placing(change)
        if place is None:
            return
        self.slots = _shifted(self.slots, place, SLOT_SECONDS)
        self.minutes = _shifted(self.minutes, place, MINUTE_SECONDS)
        self.gaps = [gap._replace(began=place(gap.began, 1), ended=place(gap.ended, 1)) for gap in self.gaps]
        self.incidents = [incident._replace(at=place(incident.at, 1)) for incident in self.incidents]


def placing(change: Change) -> Callable[[int, int], int] | None:
    """Where a change puts a row: a function of its beginning and length (seconds); None if it moves nothing here."""
    if isinstance(change, Move):
        return lambda start, step: moved(start, change, step)
    if isinstance(change, Realign):
        return lambda start, step: moved_back(start, change, step)
    return None


def _merge(rows: dict[tuple[int, Subject], Usage], start: int, subject: Subject, usage: Usage) -> None:
    key = (start, subject)
    held = rows.get(key)
    rows[key] = usage if held is None else held.plus(usage)


def _shifted(
    rows: dict[tuple[int, Subject], Usage], place: Callable[[int, int], int], step: int
) -> dict[tuple[int, Subject], Usage]:
    shifted: dict[tuple[int, Subject], Usage] = {}
    for (start, subject), usage in rows.items():
        _merge(shifted, place(start, step), subject, usage)
    return shifted
