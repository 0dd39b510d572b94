"""Batches of what a body has: spans or histograms of a service are counted, not both.

All that is read of notes here and the batch that changes them go to the intake in one step of the event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from exporter.meters.requests.events import Batch
from exporter.meters.requests.intake import MOST_SERVICES
from exporter.meters.requests.otlp.counting import counts_of
from exporter.meters.requests.otlp.cumulative import ServiceNote, differences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.meters.requests.intake import Intake
    from exporter.meters.requests.otlp.histograms import PointAmount, PointAmounts
    from exporter.meters.requests.otlp.spans import SpanEvents
    from exporter.meters.requests.settings import Telemetry

PREFIX = "otlp:"
"""Of the names of notes, which go on with the service's."""

HOUR, SPANS_LAST = 3600, 7 * 86_400
"""Seconds: how exactly it is noted when spans came last, and how long histograms are not counted after them."""

TOO_MANY_SERVICES = f"cumulative histograms of more than {MOST_SERVICES} services are not followed"


class TelemetryBatches:
    """Makes batches for an intake; `chosen` are services with what is counted of them, by the settings."""

    def __init__(self, intake: Intake, chosen: Mapping[str, Telemetry], now: int) -> None:
        """`now` is UTC seconds."""
        self._intake, self._chosen, self._now = intake, chosen, now

    def spans(self, found: SpanEvents, service: str, batch: str) -> Batch:
        """Of server spans; those of services of which metrics are counted are not."""
        events = [event for event in found.events if self._chosen.get(event.service) != "metrics"]
        notes = {}
        for name in {event.service for event in events}:
            note = self._note(name)
            if self._now - note.spans_at >= HOUR and (note.spans_at or self._may_note()):
                note.spans_at = self._now - self._now % HOUR
                notes[PREFIX + name] = _encoded(note)
        refusals = found.refusals
        return Batch(events, service=service, id=batch, notes=notes, refused=refusals.number, late=refusals.late)

    def histograms(self, found: PointAmounts, service: str, batch: str) -> Batch:
        """Of histograms: what is new of cumulative ones, which are followed also where spans are counted."""
        refusals = found.refusals
        amounts, notes = list(found.deltas), {}
        for name, cumulative in _by_service(found.cumulative).items():
            note = self._note(name)
            if not note.groups and PREFIX + name not in self._intake.notes and not self._may_note():
                refusals.add(TOO_MANY_SERVICES, len(cumulative))
                continue
            new = differences(note, cumulative, self._intake.began * 1_000_000)
            refusals.include(new.refusals)
            amounts += new.amounts
            notes[PREFIX + name] = _encoded(note)
        counts = counts_of(each for each in amounts if self._counts_metrics(each.service))
        refused, late = refusals.number, refusals.late
        return Batch(counts=counts, service=service, id=batch, notes=notes, refused=refused, late=late)

    def _counts_metrics(self, service: str) -> bool:
        chosen = self._chosen.get(service)
        if chosen is not None:
            return chosen == "metrics"
        return self._now - self._note(service).spans_at >= SPANS_LAST

    def _note(self, service: str) -> ServiceNote:
        text = self._intake.notes.get(PREFIX + service)
        if text is None:
            return ServiceNote()
        try:
            return msgspec.json.decode(text, type=ServiceNote)
        except msgspec.MsgspecError:  # of another netledger: what was counted before is not known
            return ServiceNote(forgotten=self._now * 1_000_000)

    def _may_note(self) -> bool:
        return sum(name.startswith(PREFIX) for name in self._intake.notes) < MOST_SERVICES


def _by_service(amounts: list[PointAmount]) -> dict[str, list[PointAmount]]:
    found: dict[str, list[PointAmount]] = {}
    for amount in amounts:
        found.setdefault(amount.service, []).append(amount)
    return found


def _encoded(note: ServiceNote) -> str:
    return msgspec.json.encode(note).decode()
