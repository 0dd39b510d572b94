"""The journal: usage that is counted and not yet in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.clock_repair import Move, Realign
from exporter.metering.postings import Incident, Usage
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS, Piece, moved, moved_back, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from exporter.metering.clock_repair import ClockChange
    from exporter.metering.postings import Rows
    from exporter.metering.samples import Change, Peak
    from exporter.metering.subjects import Subject


class Journal:
    """Adds changes up by slot and by minute until a posting takes them; bounded by the number of slots and subjects."""

    def __init__(self) -> None:
        """Begin empty."""
        self.slots: Rows = {}
        self.minutes: Rows = {}
        self.incidents: list[Incident] = []

    def add(
        self,
        subject: Subject,
        change: Change,
        began: int,
        ended: int,
        bytes_in: Callable[[tuple[int, ...]], tuple[int, int]],
    ) -> list[Piece]:
        """Enter what was moved in [began, ended) (wall nanoseconds); returns the pieces by minute.

        An estimated change is spread over its slots by time, and its pieces are of slots. `bytes_in` gives the bytes
        among amounts.
        """
        if change.is_estimated:
            pieces = list(spread(change.amounts, began, ended, SLOT_SECONDS))
            for start, part in pieces:
                _merge(self.slots, start, subject, Usage(part, sum(bytes_in(part))))
            return pieces
        minute = MINUTE_SECONDS * SECOND
        number = (ended - 1) // minute
        if began // minute == number:  # nearly every sample
            pieces = [Piece(number * MINUTE_SECONDS, tuple(change.amounts))]
        else:
            pieces = list(spread(change.amounts, began, ended, MINUTE_SECONDS))
        for start, part in pieces:
            usage = Usage(part, 0, change.peaks)
            _merge(self.slots, start // SLOT_SECONDS * SLOT_SECONDS, subject, usage)
            if change.by_minute:
                _merge(self.minutes, start, subject, usage)
        return pieces

    def note_peak(self, subject: Subject, peak: Peak, zeros: tuple[int, ...]) -> None:
        """Keep the values of a peak in its slot, and in its minute; `zeros` are amounts of nothing."""
        usage = Usage(zeros, peaks=peak.values)
        _merge(self.slots, peak.minute // SLOT_SECONDS * SLOT_SECONDS, subject, usage)
        if peak.by_minute:
            _merge(self.minutes, peak.minute, subject, usage)

    def merge_sketches(self, subject: Subject, sketches: tuple[bytes, ...], at: int, zeros: tuple[int, ...]) -> None:
        """Merge sketches into the slot of an instant (UTC seconds): they cannot be cut by time."""
        _merge(self.slots, at // SLOT_SECONDS * SLOT_SECONDS, subject, Usage(zeros, sketches=sketches))

    def take_slots(self, meters: Collection[str]) -> Rows:
        """Slots of these meters; the others wait."""
        taken, self.slots = _parted(self.slots, meters)
        return taken

    def take_minutes(self, meters: Collection[str]) -> Rows:
        """Minutes of these meters; the others wait."""
        taken, self.minutes = _parted(self.minutes, meters)
        return taken

    def take_incidents(self) -> tuple[Incident, ...]:
        """Incidents of all meters."""
        taken, self.incidents = tuple(self.incidents), []
        return taken

    def shift(self, change: ClockChange) -> None:
        """Move what waits to where a clock that was set puts it."""
        place = placing(change)
        if place is None:
            return
        self.slots = _shifted(self.slots, place, SLOT_SECONDS)
        self.minutes = _shifted(self.minutes, place, MINUTE_SECONDS)
        self.incidents = [incident._replace(at=place(incident.at, 1)) for incident in self.incidents]


def placing(change: ClockChange) -> Callable[[int, int], int] | None:
    """Where a change puts a row: a function of its beginning and length (seconds); None if it moves nothing here."""
    if isinstance(change, Move):
        return lambda start, step: moved(start, change, step)
    if isinstance(change, Realign):
        return lambda start, step: moved_back(start, change, step)
    return None


def _parted(rows: Rows, meters: Collection[str]) -> tuple[Rows, Rows]:
    waiting = {key: usage for key, usage in rows.items() if key[1].meter not in meters}
    if not waiting:
        return rows, {}
    return {key: usage for key, usage in rows.items() if key[1].meter in meters}, waiting


def _merge(rows: Rows, start: int, subject: Subject, usage: Usage) -> None:
    key = (start, subject)
    held = rows.get(key)
    rows[key] = usage if held is None else held.plus(usage)


def _shifted(rows: Rows, place: Callable[[int, int], int], step: int) -> Rows:
    shifted: Rows = {}
    for (start, subject), usage in rows.items():
        _merge(shifted, place(start, step), subject, usage)
    return shifted
