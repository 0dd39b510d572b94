"""The request meter: what its doors have taken in becomes changes of subjects, and a posting."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from exporter.metering.clock import SECOND
from exporter.metering.lifetimes import Lifetimes
from exporter.metering.postings import MeterCheckpoint, SubjectFacts
from exporter.metering.samples import Change, Sample
from exporter.metering.subjects import Subject
from exporter.meters.requests.clients import CLIENTS_KEY, DailyClients, new_key
from exporter.meters.requests.merging import Merging
from exporter.meters.requests.rates import RequestRates
from exporter.meters.requests.state import BOUNDS, RequestsState
from exporter.meters.requests.store import HeldRequests, LogLoss, RequestCheckpoint
from exporter.meters.requests.tally import DURATION, LONGEST
from reports.ledger.shape import ALL, OTHER, REQUEST
from reports.ledger.sketches import encoded, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.postings import OpeningBalance
    from exporter.metering.samples import SampleInterval
    from exporter.meters.requests.clients import ClientRow
    from exporter.meters.requests.events import Event
    from exporter.meters.requests.intake import Intake, Taken
    from exporter.meters.requests.service_keys import KeyChange
    from exporter.meters.requests.tally import CellKey

    RouteKey = tuple[str, str, str]

UTC = ZoneInfo("UTC")
SLOT_NS = 900 * SECOND

LOG_NUMBERS, RESERVED = "log numbers", 100_000
"""The note of the highest number that rows of the log may have yet: reading it out of the log takes long."""

SEEN_SECONDS = 3600
"""When a subject was seen last is noted by the hour: SQLite does not write rows again that stay as they are."""

OTHERS = (OTHER, OTHER, OTHER)
NO_SUMS = (0,) * len(REQUEST.sums)


class RequestMeter:
    """Meters what an intake has taken in."""

    spec = REQUEST
    is_quick = True

    def __init__(self, intake: Intake, merge_seconds: float, zone: ZoneInfo = UTC) -> None:
        """Sketches are merged into slots and days every so many seconds; days of clients are cut in `zone`."""
        self._intake, self._merge_ns, self._zone = intake, int(merge_seconds * SECOND), zone

    def resume(self, opening: OpeningBalance) -> RequestsState:
        """Carry forward lifetimes, routes, and what was not merged."""
        held = opening.held if isinstance(opening.held, HeldRequests) else HeldRequests()
        routes = ((each.key[0], each.key[2]) for each in opening.accounts if each.key[3] != ALL)
        self._intake.know(routes, held.notes)
        self._intake.keys.know(held.keys)
        self._lifetimes = Lifetimes(self.spec, opening, held.bases)
        self._sums: dict[tuple[str, ...], tuple[int, ...]] = {}
        self._notes: dict[str, str] = {} if CLIENTS_KEY in held.notes else {CLIENTS_KEY: new_key()}
        self._clients = DailyClients(self._zone, {**held.notes, **self._notes}[CLIENTS_KEY])
        for day, service, sketch in held.clients:
            self._clients.hold(day, service, sketch)
        self._client_rows: list[ClientRow] = []
        self._intake.privacy.resume(held.secrets)
        self._secrets: dict[str, str] = {}
        self._merging, self._merged_at, self._is_merged = Merging(self._clients), 0, False
        for each in held.recent:
            self._merging.load(each)
        self._number = self._reserved = int({**held.notes}.get(LOG_NUMBERS, 0))
        self._at = 0
        self._seen: dict[Subject, int] = {}
        self._log: list[Event] = []
        self._loss = LogLoss()
        self._batches: list[tuple[str, str]] = []
        self._key_changes: list[KeyChange] = []
        self._events = self._events_taken = 0
        self._times: dict[RouteKey, list[int]] = {}
        self._seconds: dict[RouteKey, float] = {}
        self._rates = RequestRates()
        self._expose()
        return self._state()

    def read(self) -> None:
        """Nothing is read: the doors bring it."""

    def sample(self, interval: SampleInterval) -> Sample:
        """All that the intake has; with the sketches when it is time to merge them."""
        self._at = interval.ended // SECOND
        self._intake.begin(self._at)
        self._clients.turn_to(self._at)
        self._secrets.update(self._intake.privacy.turn_to(self._at))
        taken = self._intake.take()
        self._keep(taken)
        self._rates.turn_to(interval.steady)
        self._rates.add(taken.tally.cells, interval.ended // SLOT_NS - 1)
        changes = [self._change_of(key, cell) for key, cell in taken.tally.cells.items()]
        if self._merging and (self._intake.is_merge_wanted or interval.steady - self._merged_at >= self._merge_ns):
            self._merged_at, self._is_merged = interval.steady, True
            for slot, key, counts in self._merging.take():
                changes.append(self._change(slot, key, NO_SUMS, sketches=(encoded(counts),)))
            self._client_rows.extend(self._clients.take())
        self._intake.has_unmerged, self._intake.is_merge_wanted = bool(self._merging), False
        return Sample(tuple(changes), incidents=tuple(taken.incidents), state=self._state())

    def checkpoint(self) -> MeterCheckpoint:
        """What the posting has besides usage, and when subjects were seen."""
        changed, bases = self._lifetimes.take()
        facts = {}
        for subject in changed:
            hour = self._at - self._at % SEEN_SECONDS
            if self._seen.get(subject) != hour:
                self._seen[subject] = hour
                first = self._lifetimes.first_seen[subject]
                facts[subject] = SubjectFacts(first, max(first, hour))
        self._loss = LogLoss()
        if self._number + len(self._log) > self._reserved:
            self._reserved = self._number + len(self._log) + RESERVED
            self._notes[LOG_NUMBERS] = str(self._reserved)
        state = RequestCheckpoint(
            at=self._at,
            merging=self._merging.take_brought(),
            is_merged=self._is_merged,
            number=self._number,
            log=self._log,
            batches=self._batches,
            notes=self._notes,
            key_changes=self._key_changes,
            clients=self._client_rows,
            secrets=self._secrets,
            loss=self._loss,
            bases=bases,
        )
        self._number += len(self._log)
        self._log, self._batches, self._notes, self._key_changes = [], [], {}, []
        self._client_rows, self._secrets = [], {}
        self._is_merged = False
        self._events_taken, self._events = self._events, 0
        self._intake.note_posting()
        return MeterCheckpoint(facts, {}, state)

    def note_posted(self) -> RequestsState:
        """Expose what the last checkpoint was made with, and let those hear who wait for it."""
        self._lifetimes.note_posted()
        self._expose()
        self._intake.note_posted(self._events_taken, self._loss.events)
        self._events_taken = 0
        return self._state()

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Drop subjects that the ledger has folded."""
        for subject in subjects:
            self._lifetimes.forget(subject)
            self._seen.pop(subject, None)
            self._intake.forget(subject.key[0], subject.key[2])
            self._sums.pop(subject.key, None)
            service, method, route, _ = subject.key
            self._times.pop((service, method, route), None)
            self._seconds.pop((service, method, route), None)

    def refresh(self) -> None:
        """Nothing is slow."""

    def handover(self) -> None:
        """The intake outlives the meter."""

    def _keep(self, taken: Taken) -> None:
        self._log.extend(taken.tally.log)
        self._batches.extend(taken.batches)
        self._notes.update(taken.notes)
        self._key_changes.extend(taken.key_changes)
        self._merging.add(taken.tally)
        for (_, service, method, route), buckets in taken.tally.buckets.items():
            self._add_times((service, method, route), Counter(map(_PLACES.__getitem__, buckets)))
        for (_, service, method, route), counts in taken.tally.times.items():
            places: Counter[int] = Counter()
            for bucket, count in counts.items():
                places[_PLACES[bucket]] += count
            self._add_times((service, method, route), places)
        self._events += taken.tally.events

    def _change_of(self, key: CellKey, cell: list[int]) -> Change:
        slot, service, method, route, code = key
        timed = self._timed((service, method, route))
        self._seconds[timed] = self._seconds.get(timed, 0.0) + cell[DURATION] / 1e6
        sums, peaks = tuple(cell[:LONGEST]), tuple(cell[LONGEST:])
        return self._change(slot, (service, method, route, str(code)), sums, peaks)

    def _change(
        self,
        slot: int,
        key: tuple[str, ...],
        sums: tuple[int, ...],
        peaks: tuple[int, ...] = (),
        sketches: tuple[bytes, ...] = (),
    ) -> Change:
        """A change within a slot: the events have times of their own, and the sampling interval says nothing."""
        subject, began = Subject(REQUEST.name, key), slot * SLOT_NS
        self._lifetimes.add(subject, sums, self._at)
        return Change(subject, sums, span=(began, began + 1), sketches=sketches, peaks=peaks)

    def _add_times(self, route: RouteKey, counts: Mapping[int, int]) -> None:
        """Add counts of times by place among BOUNDS to a route's histogram of /metrics."""
        held = self._times.setdefault(self._timed(route), [0] * (len(BOUNDS) + 1))
        for place, count in counts.items():
            held[place] += count

    def _timed(self, route: RouteKey) -> RouteKey:
        """The route whose histogram has its times: itself, or OTHER where there are as many as there may be."""
        return route if route in self._times or len(self._times) < self.spec.most_subjects else OTHERS

    def _expose(self) -> None:
        for subject, sums in self._lifetimes.take_exposed():
            if subject.key[3] != ALL:
                self._sums[subject.key] = sums

    def _state(self) -> RequestsState:
        return RequestsState(
            MappingProxyType(self._sums),
            MappingProxyType(self._times),
            MappingProxyType(self._seconds),
            self._intake.figures,
            MappingProxyType(self._clients.today),
            monitors=self._intake.monitors,
            rates=self._rates,
        )


class _Places(dict[int, int]):
    """The place among BOUNDS that a bucket of microseconds belongs to."""

    def __missing__(self, bucket: int) -> int:
        seconds = value_of(bucket) / 1e6
        place = self[bucket] = next((n for n, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        return place


_PLACES = _Places()
