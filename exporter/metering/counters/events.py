"""What a careful reader wants to know of the counting: resets and discards by device, and an incident for each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from exporter.metering.counters.plausibility import MOST
from exporter.metering.postings import Incident
from reports.ledger.shape import GONE
from reports.usage.audit import IN_DOUBT

if TYPE_CHECKING:
    from exporter.metering.counters.differences import Delta
    from exporter.metering.counters.tracked import TrackedCounter

log = logging.getLogger(__name__)

LOSS_SECONDS = 3600
FOREIGN = "ledger of another machine or time"
"""An incident: what was moved since the ledger's last sample is unknown."""


class CounterEvents:
    """Counts since the service started, by (device, cause), and incidents for the ledger."""

    def __init__(self) -> None:
        """Begin empty; incidents wait until they are taken."""
        self._incidents: list[Incident] = []
        self.resets: dict[tuple[str, str], int] = {}
        self.discarded: dict[tuple[str, str], int] = {}
        self._lost: dict[str, int] = {}

    def note(self, counter: TrackedCounter, delta: Delta, at: int) -> None:
        """Note how a delta came about, where its counter did not simply grow."""
        name = counter.name
        if delta.cause in {"reset", "wrap", "boot"}:
            self._count(name, delta.cause)
        if delta.cause in {"reset", "wrap"}:
            self._incident(at, name, delta.cause, delta.counts.bytes)
        if delta.cause == "impossible":
            amount = sum(delta.discarded)
            counter.discarded = (counter.discarded[0] + delta.discarded[0], counter.discarded[1] + delta.discarded[1])
            self.discarded[name, delta.cause] = self.discarded.get((name, delta.cause), 0) + amount
            self._incident(at, name, "discarded", amount, delta.cause)
            log.warning("%s: discarded %d bytes that its link cannot have moved since the last sample", name, amount)

    def note_fall(self, counter: TrackedCounter, low: int, at: int) -> None:
        """A counter shows less than before: nearly always it was reset; the next scan decides."""
        self._count(counter.name, "reset")
        self._incident(at, counter.name, "reset", low)

    def note_slip(self, counter: TrackedCounter, at: int) -> None:
        """A counter that fell came back: the reading between was wrong, and counts nothing."""
        name = counter.name
        self._count(name, "slip")
        self._incident(at, name, "no reset", detail="the counter came back; the reading between was left out")
        log.warning("%s: one reading was far too small, and was left out", name)

    def note_unreadable(self, counter: TrackedCounter, columns: tuple[str, ...], at: int) -> None:
        """Note counts that no counter can show: once when they begin; they are left out until they end."""
        if columns == counter.unreadable:
            return
        new = [column for column in columns if column not in counter.unreadable]
        counter.unreadable = columns
        if new:
            name, words = counter.name, ", ".join(new)
            self._count(name, "unreadable")
            self._incident(at, name, "unreadable", detail=f"{words}: left out until they can be read")
            log.warning("%s: no counter can show what it shows for %s: left out until it can be read", name, words)

    def note_doubt(self, counter: TrackedCounter, amount: int, reason: str, at: int) -> None:
        """A step that could have been another."""
        self._incident(at, counter.name, IN_DOUBT, amount, reason)
        log.warning("%s: %s", counter.name, reason)

    def note_foreign(self, reason: str, at: int) -> str:
        """Note that the ledger's last sample is of another kernel; returns the notice."""
        detail = f"{reason}: what its counters show is taken for a baseline, and not counted"
        self._incidents.append(Incident(at, "", FOREIGN, detail=detail, is_notice=True, meter="interface"))
        log.warning("%s: %s", FOREIGN, detail)
        return f"{FOREIGN}: {detail}"

    def note_losses(self, losses: tuple[str, ...], at: int) -> None:
        """Note messages that the kernel dropped: in a storm that goes on, once an hour."""
        for loss in losses:
            if abs(at - self._lost.get(loss, -LOSS_SECONDS)) >= LOSS_SECONDS:
                self._lost[loss] = at
                self._incident(at, "", "kernel messages lost", detail=loss)
                log.warning("%s", loss)

    def take_incidents(self) -> tuple[Incident, ...]:
        """Incidents since the last call."""
        taken, self._incidents = tuple(self._incidents), []
        return taken

    def forget(self, name: str) -> None:
        """Add the counts of one that has left to those of all that have."""
        for counters in (self.resets, self.discarded):
            for device, cause in [key for key in counters if key[0] == name]:
                counters[GONE, cause] = counters.get((GONE, cause), 0) + counters.pop((device, cause))

    def _count(self, name: str, cause: str) -> None:
        self.resets[name, cause] = self.resets.get((name, cause), 0) + 1

    def _incident(self, at: int, name: str, what: str, amount: int = 0, detail: str = "") -> None:
        self._incidents.append(Incident(at, name, what, min(amount, MOST), detail, meter="interface"))
