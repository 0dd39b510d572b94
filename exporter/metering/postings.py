"""What goes into the ledger in one transaction: usage of all meters, and what each resumes from."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.sketches import merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.clock_repair import ClockChange, Reckoning
    from exporter.metering.subjects import Subject
    from reports.ledger.rows import Gap


class Usage(NamedTuple):
    """One subject in one slot or minute: the spec's sums, how many of the bytes are estimated, peaks, sketches.

    Empty peaks and sketches stand for none.
    """

    amounts: tuple[int, ...]
    estimated_bytes: int = 0
    peaks: tuple[int, ...] = ()
    sketches: tuple[bytes, ...] = ()

    def plus(self, other: Usage) -> Usage:
        """Both together: amounts added, peaks the higher of each, sketches merged."""
        peaks = tuple(map(max, self.peaks, other.peaks)) if self.peaks and other.peaks else self.peaks or other.peaks
        sketches = self.sketches or other.sketches
        if self.sketches and other.sketches:
            sketches = tuple(map(merged, self.sketches, other.sketches))
        amounts = tuple(map(add, self.amounts, other.amounts))
        return Usage(amounts, self.estimated_bytes + other.estimated_bytes, peaks, sketches)


Rows = dict[tuple[int, "Subject"], Usage]
"""Usage by (beginning in UTC seconds, subject)."""


class SubjectFacts(NamedTuple):
    """What the ledger knows of a subject besides its usage: UTC seconds, and the spec's facts in their order."""

    first_seen: int
    last_seen: int
    columns: tuple[int, ...] = ()


class ClockState(NamedTuple):
    """A sample on the machine's clocks: its boot, and the nanoseconds of Instant."""

    boot_id: str
    wall: int
    elapsed: int


class Incident(NamedTuple):
    """What a careful reader of the ledger wants to know; a notice stays until the user has put it away."""

    at: int
    subject: str
    what: str
    bytes: int = 0
    detail: str = ""
    is_notice: bool = False
    meter: str = ""


class MeterCheckpoint(NamedTuple):
    """What goes into the ledger with the usage: facts of subjects that changed, and what the meter resumes from.

    That is a value by subject, and one of the meter as a whole; the meter's store writes both. A meter whose spec
    bounds its subjects keeps the second kind: subjects beyond have no row that a value could belong to.
    """

    facts: Mapping[Subject, SubjectFacts]
    subjects: Mapping[Subject, object]
    state: object = None


class MeterPosting(NamedTuple):
    """One meter's part of a posting: its last sample, its checkpoint, its gaps."""

    meter: str
    sampled: ClockState
    checkpoint: MeterCheckpoint
    gaps: tuple[Gap, ...] = ()


class Posting(NamedTuple):
    """One transaction: all or nothing goes into the ledger, and a number that it holds is not applied again.

    `clock` is the newest sample of all meters; `reckoning` is None where nothing is known of the clock.
    """

    number: int
    clock: ClockState
    slots: Rows
    minutes: Rows
    meters: tuple[MeterPosting, ...]
    incidents: tuple[Incident, ...] = ()
    changes: tuple[ClockChange, ...] = ()
    reckoning: Reckoning | None = None


class Account(NamedTuple):
    """What the ledger holds of one subject when the service starts: its sums in all, and its facts."""

    lifetime: tuple[int, ...]
    facts: SubjectFacts


class OpeningBalance(NamedTuple):
    """What is carried forward for one meter: its last sample (None in a new ledger), accounts, and its checkpoint.

    `is_copy`: a backup took the ledger's place; what was counted after it may be missing.
    """

    sampled: ClockState | None
    accounts: Mapping[Subject, Account]
    held: object = None
    gap_seconds: int = 0
    is_copy: bool = False


class Opening(NamedTuple):
    """What is carried forward: the last posting's number, the newest sample, what is known of the clock, meters."""

    number: int
    clock: ClockState | None
    reckoning: Reckoning | None
    meters: Mapping[str, OpeningBalance]

    def balance_of(self, meter: str) -> OpeningBalance:
        """What is carried forward for a meter; nothing for one that the ledger does not know."""
        return self.meters.get(meter) or OpeningBalance(None, {})
