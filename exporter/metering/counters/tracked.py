"""One counter: its last reading, where its epoch began, and its running totals."""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.counters.checkpoints import Checkpoint
from exporter.metering.counters.differences import WRAP_32, limit
from exporter.metering.counters.plausibility import MOST_LIFETIME
from exporter.metering.counters.readings import NOTHING, Counts, added
from exporter.metering.counters.speeds import NO_SPEED, Speeds
from exporter.metering.postings import Account, SubjectFacts
from exporter.metering.spreading import MINUTE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.metering.counters.differences import Delta
    from exporter.metering.counters.plausibility import Fall
    from exporter.metering.counters.readings import Epoch, Link, Reading
    from exporter.metering.subjects import Subject


class Bounds(NamedTuple):
    """What can have happened since the last scan: bytes per second and seconds, and the most bytes of one direction."""

    speed: int | None
    seconds: float
    most: int


class TrackedCounter:
    """State of one metered subject between two scans; only the tracker changes it."""

    __slots__ = (
        "base",
        "began_at",
        "booked_minute",
        "counter_bits",
        "counts",
        "discarded",
        "epoch",
        "exposed_base",
        "fall",
        "first_seen",
        "is_counted",
        "is_present",
        "is_uplink",
        "last_seen",
        "ledger",
        "lifetime",
        "name",
        "rate_base",
        "rates",
        "read_at",
        "speed",
        "subject",
        "unreadable",
    )

    def __init__(self, subject: Subject, seen: int, lifetime: Counts = NOTHING) -> None:
        """A subject that has not been read yet, since `seen` (UTC seconds); `lifetime` is the ledger's."""
        self.subject, self.name = subject, subject.name
        self.is_counted = self.is_uplink = False
        self.first_seen = self.last_seen = seen
        self.lifetime = lifetime
        self.rates: Speeds = NO_SPEED
        self.rate_base = (lifetime.receive_bytes, lifetime.transmit_bytes)
        self.is_present = False
        self.epoch: Epoch | None = None
        self.counts = NOTHING
        self.counter_bits = 64
        self.began_at = 0
        self.base = (0, 0)
        self.ledger = (0, 0)
        self.discarded = (0, 0)
        self.read_at = 0
        self.booked_minute = 0
        self.fall: Fall | None = None
        self.unreadable: tuple[str, ...] = ()
        self.speed: int | None = None
        """Bytes per second that its hardware could move at the last scan, None where unknown."""
        self.exposed_base = NOTHING

    @classmethod
    def resume(
        cls, subject: Subject, account: Account, held: Checkpoint | None, exposed_base: Counts
    ) -> TrackedCounter:
        """Continue what the ledger holds of a subject."""
        counter = cls(subject, account.facts.first_seen, Counts(*account.lifetime))
        counter.last_seen = account.facts.last_seen
        counter.is_counted, counter.is_uplink = (bool(value) for value in account.facts.columns)
        counter.exposed_base = exposed_base
        if held is not None:
            counter.epoch, counter.counts, counter.counter_bits = held.epoch, held.counts, held.counter_bits
            counter.began_at, counter.base, counter.ledger = held.began_at, held.base, held.ledger
            counter.discarded, counter.read_at = held.discarded, held.read_at
        return counter

    @property
    def facts(self) -> SubjectFacts:
        """What the ledger knows of it besides its usage."""
        return SubjectFacts(self.first_seen, self.last_seen, (int(self.is_counted), int(self.is_uplink)))

    @property
    def exposed(self) -> Counts:
        """What its counters of /metrics show."""
        return Counts(*map(sub, self.lifetime, self.exposed_base))

    def begin_epoch(self, reading: Reading, delta: Delta, at: int) -> None:
        """From here on the ledger must gain what the counter does; of its counts, `delta` is gained now."""
        self.epoch = reading.epoch
        self.began_at = at
        self.fall = None
        receive, transmit = (reading.counts[side] - delta.counts[side] - delta.discarded[side] for side in (0, 1))
        self.base = (receive, transmit)
        self.ledger = (self.lifetime.receive_bytes, self.lifetime.transmit_bytes)
        self.discarded = (0, 0)

    def is_idle(self, reading: Reading) -> bool:
        """Whether this is the reading that it had before, and nothing waits for another one."""
        return self.is_present and self.fall is None and self.counts == reading.counts and self.epoch == reading.epoch

    def judge(self, *, is_counted: bool, is_uplink: bool) -> bool:
        """Take over whether its bytes belong to the machine's total; returns whether that is new."""
        is_new = (self.is_counted, self.is_uplink) != (is_counted, is_uplink)
        self.is_counted, self.is_uplink = is_counted, is_uplink
        return is_new

    def read(self, reading: Reading, at: int) -> None:
        """Remember the reading; `at` is UTC seconds."""
        self.counts = reading.counts
        self.counter_bits = reading.counter_bits
        self.is_present = reading.is_present
        self.read_at = at

    def rebase(self, after: Counts, delta: Delta) -> None:
        """Begin the epoch anew where its counter did not simply grow: at 0 by a reset, a turn earlier by a wrap."""
        base, ledger, discarded = list(self.base), list(self.ledger), list(self.discarded)
        for side in (0, 1):
            step = after[side] - self.counts[side]
            accounted = delta.counts[side] + delta.discarded[side]
            if accounted == step:
                continue
            if delta.cause == "wrap" and delta.counts[side] == step % WRAP_32:
                base[side] -= WRAP_32
            else:
                base[side], ledger[side], discarded[side] = after[side] - accounted, self.lifetime[side], 0
        self.base, self.ledger, self.discarded = (
            (base[0], base[1]),
            (ledger[0], ledger[1]),
            (discarded[0], discarded[1]),
        )

    def shift(self, place: Callable[[int, int], int]) -> bool:
        """Move every instant to where a clock that was set puts it; returns whether one has moved."""
        before = (self.began_at, self.read_at, self.first_seen, self.last_seen)
        after = self.began_at, self.read_at, self.first_seen, self.last_seen = tuple(place(at, 1) for at in before)
        self.booked_minute = place(self.booked_minute, MINUTE_SECONDS)
        return after != before

    def gain(self, counts: Counts) -> None:
        """Add a delta to the lifetime."""
        self.lifetime = added(self.lifetime, counts)

    def measure_rates(self, seconds: float) -> None:
        """Rates from what was gained since the last measurement, `seconds` ago."""
        now = (self.lifetime.receive_bytes, self.lifetime.transmit_bytes)
        if now == self.rate_base:
            self.rates = NO_SPEED
            return
        receive, transmit = (int((a - b) / seconds) for a, b in zip(now, self.rate_base, strict=True))
        self.rates = Speeds(receive, transmit, receive + transmit)
        self.rate_base = now

    def forget_rates(self) -> None:
        """Begin a new measurement: what was gained until now has no speed that anybody saw."""
        self.rates = NO_SPEED
        self.rate_base = (self.lifetime.receive_bytes, self.lifetime.transmit_bytes)

    def checkpoint(self) -> Checkpoint | None:
        """What the ledger must remember of this counter; None before the first reading."""
        if self.epoch is None:
            return None
        return Checkpoint(
            epoch=self.epoch,
            counts=self.counts,
            counter_bits=self.counter_bits,
            began_at=self.began_at,
            base=self.base,
            ledger=self.ledger,
            discarded=self.discarded,
            read_at=self.read_at,
        )


def bounds_of(counter: TrackedCounter, link: Link | None, seconds: float, *, is_gap: bool) -> Bounds:
    """Bounds of what this counter can have gained; its link's speed holds outside gaps only."""
    now = link.top_speed if link is not None else None
    then, counter.speed = counter.speed, now
    fastest = max(then, now) if then is not None and now is not None and not is_gap else None
    seconds += counter.fall.seconds if counter.fall is not None else 0
    most = max(min(limit(fastest, seconds), MOST_LIFETIME - max(counter.lifetime)), 0)
    return Bounds(link.speed if link is not None else None, seconds, most)
