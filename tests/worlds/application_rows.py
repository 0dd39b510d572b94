"""Rows of the application meter in a real ledger, posted by the real writer, and rows that no commit has taken yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.schema import migrate
from exporter.ledger.writing.writer import Writer
from exporter.metering.postings import ClockState, MeterCheckpoint, MeterPosting, Posting, SubjectFacts, Usage
from exporter.metering.subjects import Subject
from exporter.meters.registry import new_stores
from reports.ledger.reader import Unposted, UnpostedRow
from reports.ledger.shape import APPLICATION, INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from exporter.metering.samples import MeterStore
    from reports.ledger.selection import Key
    from tests.worlds.written_ledger import WrittenLedger


class NoCheckpoints:
    """A store of the application meter that keeps nothing."""

    spec = APPLICATION

    def statements(self) -> tuple[str, ...]:
        return ()

    def read(self, _connection: sqlite3.Connection) -> None:
        return None

    def write(
        self, connection: sqlite3.Connection, checkpoint: MeterCheckpoint, id_of: Callable[[Subject], int]
    ) -> None:
        pass

    def forget(self) -> None:
        pass


def amounts(received: int, sent: int, tunnel: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    """Sums of the spec; a packet carries 1,000 bytes."""
    return (received, sent, received // 1000, sent // 1000, *tunnel)


def prepare_applications(path: Path) -> None:
    """Make the meter's tables."""
    migrate(path, (INTERFACE, APPLICATION))


def post_applications(
    ledger: WrittenLedger, rows: Mapping[tuple[int, Key], tuple[int, ...]], *, seen: int | None = None
) -> None:
    """Post amounts by the begin of a slot and by key; `seen`: when the meter began."""
    prepare_applications(ledger.path)
    others = [store for store in new_stores() if store.spec.name != APPLICATION.name]
    stores: list[MeterStore] = [*others, NoCheckpoints()]
    number = ledger.next_posting()
    clock = ClockState("boot-1", 10**18, 10**15)
    slots = {(start, Subject(APPLICATION.name, key)): Usage(each) for (start, key), each in rows.items()}
    first = min((start for start, _ in slots), default=0) if seen is None else seen
    facts = {subject: SubjectFacts(first, first) for _, subject in slots}
    part = MeterPosting(APPLICATION.name, clock, MeterCheckpoint(facts, {}))
    writer = Writer(ledger.path, ledger.zone, stores)
    try:
        writer.post(Posting(number, clock, slots, {}, (part,)))
    finally:
        writer.close()


def hold_applications_back(ledger: WrittenLedger, rows: Mapping[tuple[int, Key], tuple[int, ...]]) -> None:
    """Count amounts that no commit has taken yet."""
    held = [
        UnpostedRow(ledger.upcoming_posting, APPLICATION.name, key, False, start, each)  # noqa: FBT003 - a row's column
        for (start, key), each in rows.items()
    ]
    ledger.unposted = Unposted([*ledger.unposted.slots, *held], ledger.unposted.minutes)
