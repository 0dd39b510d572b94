"""What goes from the meters into the ledger in one transaction: usage and checkpoints together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.readings import NOTHING, Counts, added

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.clock_repair import Change, Reckoning
    from exporter.metering.readings import Epoch, Subject


class Speeds(NamedTuple):
    """Bytes per second: received, transmitted, and both together (peaks of these need not coincide)."""

    receive: int = 0
    transmit: int = 0
    total: int = 0

    def highest(self, other: Speeds) -> Speeds:
        """The higher of each."""
        return Speeds(*map(max, self, other))


STILL = Speeds()


class Usage(NamedTuple):
    """What one subject moved in one slot or minute: counts, how many of the bytes are estimated, peak speeds."""

    counts: Counts = NOTHING
    estimated_bytes: int = 0
    peaks: Speeds = STILL

    def plus(self, other: Usage) -> Usage:
        """Both together: counts added, peaks the higher of each."""
        peaks = self.peaks if other.peaks is STILL else self.peaks.highest(other.peaks)
        return Usage(added(self.counts, other.counts), self.estimated_bytes + other.estimated_bytes, peaks)


class Checkpoint(NamedTuple):
    """The last reading of a subject that is in the ledger, and where the counting of its epoch began.

    While an epoch lasts, `counts - base` (received and transmitted bytes) equals the ledger's lifetime minus
    `ledger` (its lifetime when the epoch began) plus `discarded`: that is what the audit proves. Pairs are
    (received, transmitted) bytes; times are UTC seconds.
    """

    epoch: Epoch
    counts: Counts
    counter_bits: int
    began_at: int
    base: tuple[int, int]
    ledger: tuple[int, int]
    discarded: tuple[int, int]
    read_at: int


class SubjectFacts(NamedTuple):
    """What the ledger knows of a subject besides its usage; times are UTC seconds."""

    is_counted: bool
    is_uplink: bool
    first_seen: int
    last_seen: int


class MeterState(NamedTuple):
    """When and under which boot a meter last looked, and the interface indexes that it saw.

    `posting` numbers the transactions: a posting that the ledger already holds is not applied again.
    `wall` and `elapsed` are nanoseconds of Instant; `reckoning` is None where an older version wrote the ledger.
    """

    posting: int
    boot_id: str
    namespace: int
    wall: int
    elapsed: int
    known: frozenset[int]
    reckoning: Reckoning | None = None


class Gap(NamedTuple):
    """A stretch in which nobody looked: [began, ended) in UTC seconds; `bytes` were counted across it."""

    began: int
    ended: int
    cause: str
    bytes: int


class Incident(NamedTuple):
    """Something that a careful reader of the ledger wants to know; `is_notice`: shown until somebody has seen it."""

    at: int
    subject: str
    what: str
    bytes: int = 0
    detail: str = ""
    is_notice: bool = False


class Posting(NamedTuple):
    """One transaction's worth: all or nothing goes into the ledger. Keys of usage are (UTC seconds, subject)."""

    meter: str
    state: MeterState
    slots: dict[tuple[int, Subject], Usage]
    minutes: dict[tuple[int, Subject], Usage]
    checkpoints: dict[Subject, Checkpoint]
    subjects: dict[Subject, SubjectFacts]
    gaps: tuple[Gap, ...]
    incidents: tuple[Incident, ...]
    changes: tuple[Change, ...] = ()
    counter_bases: Mapping[Subject, Counts] | None = None
    """After a restore: the lifetimes at which counters of /metrics begin again; None is nothing new."""


class Account(NamedTuple):
    """What the ledger holds of one subject when the service starts.

    `counter_base` is the lifetime at which its counters of /metrics began again.
    """

    lifetime: Counts
    facts: SubjectFacts
    checkpoint: Checkpoint | None
    counter_base: Counts = NOTHING


class OpeningBalance(NamedTuple):
    """What is carried forward from the ledger: the meter's last look (None in a new ledger), accounts, gap seconds.

    `is_copy`: a backup that took the ledger's place; what was counted after it may be missing.
    """

    state: MeterState | None
    accounts: dict[Subject, Account]
    gap_seconds: int = 0
    is_copy: bool = False
