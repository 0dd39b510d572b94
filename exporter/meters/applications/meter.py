"""The application meter: adds up by application, scope and protocol what its source has read."""

from __future__ import annotations

import time
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.clock import SECOND
from exporter.metering.lifetimes import Lifetimes
from exporter.metering.postings import MeterCheckpoint, OpeningBalance, SubjectFacts
from exporter.metering.samples import Change, MeterError, Sample
from exporter.metering.subjects import Subject
from exporter.meters.applications.owners import NamedOwners
from exporter.meters.applications.ranks import Busiest, Ranks
from exporter.meters.applications.rates import Rates
from exporter.meters.applications.state import SPECIALS, ApplicationsState, ApplicationUsage
from exporter.meters.applications.store import HeldApplications
from exporter.meters.applications.traffic import PROTOCOLS, HasLostEvents
from reports.ledger.shape import APPLICATION, GONE, LOOPBACK, OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exporter.metering.samples import SampleInterval
    from exporter.meters.applications.owners import Namer
    from exporter.meters.applications.traffic import ApplicationSource, Traffic

    Sums = tuple[int, ...]
    Key = tuple[str, str, str]

OTHER_PROTOCOL = PROTOCOLS[-1]
ZEROS = (0,) * len(APPLICATION.sums)


SEEN_SECONDS = 3600
"""When an application was seen last is noted by the hour: SQLite does not write rows again that stay as they are."""


class ApplicationHandover(NamedTuple):
    """When a meter of this process sampled its source last (nanoseconds of the steady clock)."""

    sampled: int


class ApplicationMeter:
    """Meters applications over a source of what was moved since its last read."""

    spec = APPLICATION

    def __init__(self, *, source: ApplicationSource, namer: Namer, most: int, since: int) -> None:
        """Up to `most` applications are named; `since` (steady nanoseconds) the source counts what it reads next."""
        self._source, self._most, self._since = source, most, since
        self.is_quick = source.is_quick
        self._owners = NamedOwners(namer)
        self._pending: list[Traffic] = []
        self._read_seconds, self._at = 0.0, 0
        self._counted: dict[str, tuple[int, int]] = {}
        self._usage: tuple[ApplicationUsage, ...] = ()
        self.resume(OpeningBalance(None, {}))

    def resume(self, opening: OpeningBalance) -> ApplicationsState:
        """Carry forward lifetimes, and who was busy lately."""
        held = opening.held if isinstance(opening.held, HeldApplications) else HeldApplications()
        self._lifetimes = Lifetimes(APPLICATION, opening, held.bases)
        self._ranks, self._busiest, self._rates = Ranks(self._most), Busiest(), Rates()
        self._usage_layout = (-1, -1)
        seen = sorted(opening.accounts, key=lambda subject: -opening.accounts[subject].facts.last_seen)
        self._ranks.resume(held.day, held.today, held.yesterday, (subject.key[0] for subject in seen))
        return self._state()

    def read(self) -> None:
        """Have the source read; what a sample has not taken stays."""
        began = time.perf_counter()
        self._pending.extend(self._source.read())
        self._read_seconds = time.perf_counter() - began

    def sample(self, interval: SampleInterval) -> Sample:
        """What every application moved, its bytes under (other) where it is not named."""
        pending, self._pending = self._pending, []
        moved = self._named(pending)
        at = self._at = interval.ended // SECOND
        by_name = _bytes_by_name(moved)
        self._ranks.add(by_name, at)
        usage = self._bounded(moved)
        busiest = self._busiest.add(_bytes_by_name(usage), at)
        span, is_estimated = self._span(interval)
        self._since = interval.steady
        changes = []
        for key, amounts in usage.items():
            subject = Subject(APPLICATION.name, key)
            self._lifetimes.add(subject, amounts, at)
            changes.append(Change(subject, amounts, is_estimated, key[0] in busiest, span))
        self._count(usage)
        self._rates.add(usage, interval)
        gap_bytes = sum(sum(amounts[:2]) for amounts in usage.values()) if is_estimated else 0
        return Sample(tuple(changes), state=self._state(), gap_bytes=gap_bytes)

    def checkpoint(self) -> MeterCheckpoint:
        """When applications were seen that have moved bytes."""
        changed, bases = self._lifetimes.take()
        first_seen = self._lifetimes.first_seen
        hour = self._at - self._at % SEEN_SECONDS
        facts = {each: SubjectFacts(first_seen[each], max(first_seen[each], hour)) for each in changed}
        return MeterCheckpoint(facts, {}, HeldApplications(bases=bases) if bases else None)

    def note_posted(self) -> ApplicationsState:
        """Expose what the last checkpoint was made with."""
        self._lifetimes.note_posted()
        return self._state()

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Drop applications that the ledger has folded; one that keeps a subject keeps its name."""
        gone = set()
        for subject in subjects:
            self._lifetimes.forget(subject)
            gone.add(subject.key[0])
        for name in gone - {subject.key[0] for subject in self._lifetimes.first_seen}:
            self._ranks.forget(name)

    def refresh(self) -> None:
        """Have the source and the namer read slow facts."""
        self._source.refresh()
        self._owners.refresh()

    def handover(self) -> ApplicationHandover:
        """When its source was sampled last."""
        return ApplicationHandover(self._since)

    def _named(self, pending: Sequence[Traffic]) -> dict[Key, Sums]:
        """Sums by application, scope and protocol; raises MeterError for amounts that no source may report."""
        moved: dict[Key, Sums] = {}
        for each in pending:
            amounts = each[3:7]
            if min(amounts) < 0:
                raise MeterError(f"{self._source.backend.name} reported {amounts} of {each.owner}")
            tunnel = amounts[:2] if each.in_tunnel else (0, 0)
            protocol = each.protocol if each.protocol in PROTOCOLS else OTHER_PROTOCOL
            _add(moved, (self._owners.name_of(each.owner), each.scope, protocol), (*amounts, *tunnel))
        return {key: amounts for key, amounts in moved.items() if any(amounts)}

    def _bounded(self, moved: Mapping[Key, Sums]) -> dict[Key, Sums]:
        named = self._ranks.named
        usage: dict[Key, Sums] = {}
        for (name, scope, protocol), amounts in moved.items():
            _add(usage, (name if name in named or name in SPECIALS else OTHER, scope, protocol), amounts)
        return usage

    def _span(self, interval: SampleInterval) -> tuple[tuple[int, int] | None, bool]:
        """When it was moved, and whether that is a guess.

        A source that was opened within the interval has counted since then only: that a service was down before spreads
        nothing over that time.
        """
        began = interval.ended - max(interval.steady - self._since, 1)
        if began > interval.began + SECOND:
            return (began, interval.ended), False
        return None, bool(interval.gap)

    def _count(self, usage: Mapping[Key, Sums]) -> None:
        for (_, scope, _), sums in usage.items():
            if scope != LOOPBACK:
                receive, transmit = self._counted.get(scope, (0, 0))
                self._counted[scope] = (receive + sums[0] - sums[4], transmit + sums[1] - sums[5])

    def _state(self) -> ApplicationsState:
        layout = (self._lifetimes.layout, self._ranks.layout)
        if layout != self._usage_layout:  # nine of ten samples are between two postings
            shown = (self._ranks.named | SPECIALS) - {GONE}  # what is folded did not move then
            exposed = self._lifetimes.exposed()
            self._usage = tuple(_usage(subject, sums) for subject, sums in exposed if subject.key[0] in shown)
            self._usage_layout = layout
        source, fastest = self._source, self._rates.fastest
        lost = source.lost_events if isinstance(source, HasLostEvents) else 0
        counted = dict(self._counted)
        return ApplicationsState(source.backend, self._usage, fastest, counted, lost, self._read_seconds)


def _usage(subject: Subject, sums: Sums) -> ApplicationUsage:
    name, scope, protocol = subject.key
    return ApplicationUsage(name, scope, protocol, sums)


def _bytes_by_name(moved: Mapping[Key, Sums]) -> dict[str, int]:
    """Bytes that left or reached the machine, by application; 0 for one that moved others only."""
    found: dict[str, int] = {}
    for (name, scope, _), amounts in moved.items():
        found[name] = found.get(name, 0) + (0 if scope == LOOPBACK else amounts[0] + amounts[1])
    return found


def _add(sums: dict[Key, Sums], key: Key, amounts: Sums) -> None:
    sums[key] = tuple(map(add, sums.get(key, ZEROS), amounts))
