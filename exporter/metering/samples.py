"""The seam: what a meter is, and what it reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from exporter.metering.clock_repair import ClockChange
    from exporter.metering.postings import Incident, MeterCheckpoint, OpeningBalance
    from exporter.metering.subjects import Subject
    from reports.ledger.shape import MeterSpec


class MeterError(Exception):
    """A meter could not read its source; the text names the source and the failure."""


class Boot(NamedTuple):
    """The boot of the machine whose counters a meter reads.

    `goes_on` says whether it is the boot of the ledger's last sample: True under another id, False although the id is
    the same, None where the ids tell.
    """

    id: str
    goes_on: bool | None = None


class SampleInterval(NamedTuple):
    """The time between a meter's last sample and this one, in which all that this one finds was moved.

    `began` and `ended` are wall nanoseconds by today's clock; `seconds` is measured by the steady clock (after a
    reboot: since the boot). `gap` names the cause where the meter did not sample for so long that the time is a guess.
    `gap_began` (UTC seconds) is earlier than `began` where a reboot lies between. `steady` is the steady clock at its
    end (nanoseconds). `changes` are what clocks that were
    set since the meter's last sample ask of instants that it remembers.
    """

    began: int
    ended: int
    seconds: float
    gap: str = ""
    gap_began: int = 0
    is_first_ever: bool = False
    is_new_boot: bool = False
    steady: int = 0
    changes: tuple[ClockChange, ...] = ()


class Change(NamedTuple):
    """Amounts (the spec's sums) added to one subject; sketches are merged, of peaks the higher count.

    They were moved in `span` ([began, ended) in wall nanoseconds), or in the sample's interval where it is None. Those
    that are estimated are spread over slots by time; of the others, minutes are kept with `by_minute`.
    """

    subject: Subject
    amounts: tuple[int, ...]
    is_estimated: bool = False
    by_minute: bool = False
    span: tuple[int, int] | None = None
    sketches: tuple[bytes, ...] = ()
    peaks: tuple[int, ...] = ()


class Peak(NamedTuple):
    """Values (the spec's peaks) that one subject reached in the minute that begins at `minute` (UTC seconds)."""

    subject: Subject
    minute: int
    values: tuple[int, ...]
    by_minute: bool = False


class Sample(NamedTuple):
    """What a meter reports at one instant: the changes since its last sample.

    `state` is frozen: what the meter's own metric families, page section and REST module show. `gap_bytes` are noted
    with the gap before it. `dropped` are subjects that the meter no longer remembers. `notices` are sentences for the
    user. A sample that `is_urgent` is posted at once; one that `is_undecided` is followed by another before a stop.
    """

    changes: tuple[Change, ...] = ()
    peaks: tuple[Peak, ...] = ()
    incidents: tuple[Incident, ...] = ()
    state: object = None
    gap_bytes: int = 0
    dropped: tuple[Subject, ...] = ()
    notices: tuple[str, ...] = ()
    is_urgent: bool = False
    is_undecided: bool = False


class Meter(Protocol):
    """One way of measuring. The sampler reads, times and isolates it: what it raises costs its own series.

    `is_quick` says that `read` never waits (it reads memory of the kernel); others are read on a thread of their own.
    """

    spec: MeterSpec
    is_quick: bool

    def resume(self, opening: OpeningBalance) -> object:
        """Carry forward what the ledger holds; returns the state until the first sample. Called once, before `read`."""

    def read(self) -> Boot | None:
        """Read the source now, and return its boot (None where it knows none); raises MeterError."""

    def sample(self, interval: SampleInterval) -> Sample:
        """Report what was added in this interval, by what was read last."""

    def checkpoint(self) -> MeterCheckpoint:
        """What changed since the last call; it is posted with all that was sampled until now."""

    def note_posted(self) -> object:
        """The last checkpoint is in the ledger; returns the state where this changes it, else None."""

    def forget(self, subjects: Iterable[Subject]) -> None:
        """Drop subjects that the ledger has folded into "(gone)"."""

    def refresh(self) -> None:
        """Read slow facts; runs on a worker thread."""

    def handover(self) -> object:
        """What a meter that follows in this process is built with."""


class EventBounds(NamedTuple):
    """How long single events are kept, in seconds, and how many of them at most."""

    seconds: int
    rows: int


class MeterStore(Protocol):
    """A meter's own tables; every call runs within a transaction of the ledger."""

    spec: MeterSpec

    def statements(self) -> Iterable[str]:
        """The statements that create them."""

    def read(self, connection: sqlite3.Connection) -> object:
        """What the meter resumes from; an empty one in a new ledger."""

    def write(
        self, connection: sqlite3.Connection, checkpoint: MeterCheckpoint, id_of: Callable[[Subject], int]
    ) -> None:
        """Write a checkpoint; `id_of` gives the ledger's id of a subject, and raises ValueError for an unknown one."""

    def forget(self) -> None:
        """The last transaction was rolled back, or the file is another one: all is written again."""


@runtime_checkable
class EventStore(MeterStore, Protocol):
    """A store with rows of single events, too, which are pruned, and given up before any usage is."""

    def tidy(self, connection: sqlite3.Connection, now: int, bounds: EventBounds, *, is_full: bool) -> bool:
        """Delete a bounded part of what is kept too long (of a full ledger: the oldest); True if there is more.

        `now` is UTC seconds.
        """

    def has_events(self, connection: sqlite3.Connection) -> bool:
        """True if there are any."""

    def give_up(self, connection: sqlite3.Connection) -> int:
        """Delete a bounded number of the oldest, as the disk is full; returns how many."""

    def fold(self, connection: sqlite3.Connection) -> None:
        """Subjects (temp.gone: id, target) are about to be folded together."""

    def delete_slots(self, connection: sqlite3.Connection, before: int) -> int:
        """Delete slots besides those of the spec that begin before an instant (UTC seconds); returns how many."""

    def lighter(self, checkpoint: MeterCheckpoint) -> MeterCheckpoint:
        """A checkpoint without what may be given up where a disk is full; itself where nothing is."""
