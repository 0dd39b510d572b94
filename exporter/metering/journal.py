"""The journal: usage that is counted and not yet in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.clock import SECOND
from exporter.metering.postings import Gap, Incident, Realign, Speeds, Usage
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS, Piece, moved_back, spread

if TYPE_CHECKING:
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

    def shift(self, realign: Realign) -> None:
        """Move everything later than the clock that was set back: it had run ahead."""
        self.slots = _shifted(self.slots, realign, SLOT_SECONDS)
        self.minutes = _shifted(self.minutes, realign, MINUTE_SECONDS)
        after, seconds = realign.after, realign.seconds
        self.gaps = [
            gap._replace(began=moved_back(gap.began, after, seconds, 1), ended=moved_back(gap.ended, after, seconds, 1))
            for gap in self.gaps
        ]
        self.incidents = [
            incident._replace(at=moved_back(incident.at, after, seconds, 1)) for incident in self.incidents
        ]


def _merge(rows: dict[tuple[int, Subject], Usage], start: int, subject: Subject, usage: Usage) -> None:
    key = (start, subject)
    held = rows.get(key)
    rows[key] = usage if held is None else held.plus(usage)


def _shifted(rows: dict[tuple[int, Subject], Usage], realign: Realign, step: int) -> dict[tuple[int, Subject], Usage]:
    shifted: dict[tuple[int, Subject], Usage] = {}
    for (start, subject), usage in rows.items():
        _merge(shifted, moved_back(start, realign.after, realign.seconds, step), subject, usage)
    return shifted
