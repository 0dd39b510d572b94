"""Rows of the application meter in a real ledger, posted by the real writer, and rows that no commit has taken yet."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.writing.writer import Writer
from exporter.metering.postings import ClockState, MeterCheckpoint, MeterPosting, Posting, SubjectFacts, Usage
from exporter.metering.subjects import Subject
from exporter.meters.registry import new_stores
from reports.ledger.reader import Unposted, UnpostedRow
from reports.ledger.shape import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from reports.ledger.selection import Key
    from tests.worlds.written_ledger import WrittenLedger

    Rows = Mapping[tuple[int, Key], tuple[int, ...]]
    """Amounts by the begin of a slot and by key."""

CLOCK = ClockState("boot-1", 10**18, 10**15)


def amounts(received: int, sent: int, tunnel: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    """Sums of the spec; a packet carries 1,000 bytes."""
    return (received, sent, received // 1000, sent // 1000, *tunnel)


def application_posting(number: int, rows: Rows, *, seen: int | None = None, clock: ClockState = CLOCK) -> Posting:
    """A posting of these rows; `seen`: when the meter began."""
    slots = {(start, Subject(APPLICATION.name, key)): Usage(each) for (start, key), each in rows.items()}
    first = min((start for start, _ in slots), default=0) if seen is None else seen
    facts = {subject: SubjectFacts(first, first) for _, subject in slots}
    return Posting(number, clock, slots, {}, (MeterPosting(APPLICATION.name, clock, MeterCheckpoint(facts, {})),))


def post(path: Path, zone: ZoneInfo, posting: Posting) -> None:
    """Write one posting."""
    open_ledger(path, new_stores(), zone)  # with the tables of every meter
    with closing(Writer(path, zone, new_stores())) as writer:
        writer.post(posting)


def post_applications(ledger: WrittenLedger, rows: Rows, *, seen: int | None = None) -> None:
    """Post rows; `seen`: when the meter began."""
    post(ledger.path, ledger.zone, application_posting(ledger.next_posting(), rows, seen=seen))


def hold_applications_back(ledger: WrittenLedger, rows: Rows) -> None:
    """Count amounts that no commit has taken yet."""
    held = [
        UnpostedRow(ledger.upcoming_posting, APPLICATION.name, key, False, start, each)  # noqa: FBT003 - a row's column
        for (start, key), each in rows.items()
    ]
    ledger.unposted = Unposted([*ledger.unposted.slots, *held], ledger.unposted.minutes)
