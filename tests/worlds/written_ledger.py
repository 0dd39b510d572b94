"""A real ledger with chosen rows: the writer books them, the reports' reader tells of them."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_read
from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.past.imports import PastLedger
from exporter.ledger.past.rows import Past, PastRow
from exporter.ledger.writing.writer import Writer
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import ClockState, MeterCheckpoint, MeterPosting, Posting, SubjectFacts, Usage
from exporter.meters.interfaces.state import interface
from exporter.meters.registry import new_stores
from reports.ledger.reader import LedgerReader, Unposted, UnpostedRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.metering.subjects import Subject
    from reports.ledger.rows import Gap

Pair = tuple[int, int]
Rows = dict[tuple[int, "Subject"], Usage]
SLOT, MINUTE, HOUR, DAY = 900, 60, 3600, 86_400


class WrittenLedger:
    """eth0 and eth1 count, wg0 does not. Amounts are (received, sent) by when their slot or minute begins."""

    def __init__(self, folder: Path, template: Path, zone: ZoneInfo) -> None:
        """A new ledger in `folder`; the template spares the migration."""
        self.path, self.zone = folder / "ledger.db", zone
        self.unposted = Unposted()
        self._postings = 0
        shutil.copyfile(template, self.path)
        open_ledger(self.path, new_stores(), zone)

    @property
    def upcoming_posting(self) -> int:
        """The number that the next posting will have."""
        return self._postings + 1

    def next_posting(self) -> int:
        """The number of a posting that is made now."""
        self._postings += 1
        return self._postings

    def write(
        self,
        slots: Mapping[int, Pair] | None = None,
        minutes: Mapping[int, Pair] | None = None,
        *,
        device: str = "eth0",
        seen: int | None = None,
        gaps: tuple[Gap, ...] = (),
        peaks: Speeds | None = None,
    ) -> None:
        """Book amounts of one device; minutes are added to their slots. `seen`: when its counting began."""
        subject = interface(device)
        by_slot, by_minute = _rows(slots or {}, subject, peaks), _rows(minutes or {}, subject, peaks)
        for (minute, _), usage in by_minute.items():
            key = (minute // SLOT * SLOT, subject)
            by_slot[key] = by_slot[key].plus(usage) if key in by_slot else usage
        first = min((start for start, _ in by_slot), default=0) if seen is None else seen
        self._postings += 1
        clock = ClockState("boot-1", 10**18, 10**15)
        facts = SubjectFacts(first, first, (int(device.startswith("eth")),) * 2)
        part = MeterPosting("interface", clock, MeterCheckpoint({subject: facts}, {}), gaps)
        writer = Writer(self.path, self.zone, new_stores())
        try:
            writer.post(Posting(self._postings, clock, by_slot, by_minute, (part,)))
        finally:
            writer.close()

    def hold_back(
        self, started: int, pair: Pair, *, device: str = "eth0", peak: int = 0, minute: int | None = None
    ) -> None:
        """Count amounts in a slot (and minute) that no commit has taken yet."""
        amounts = (*pair, *[0] * 6)
        rows = [
            UnpostedRow(
                self._postings + 1, "interface", (device,), device.startswith("eth"), begun, amounts, 0, (0, 0, peak)
            )
            for begun in (started, minute)
            if begun is not None
        ]
        self.unposted = Unposted([*self.unposted.slots, rows[0]], [*self.unposted.minutes, *rows[1:]])

    def forget(self, table: str, before: int) -> None:
        """Delete old rows, as retention does."""
        writer = Writer(self.path, self.zone, new_stores())
        try:
            writer.connection.execute(f"DELETE FROM interface_{table} WHERE {table} < ?", (before,))  # noqa: S608 - our own
        finally:
            writer.close()

    def bring(self, *rows: tuple[date, date, int, int], device: str = "eth0", source: str = "vnstat") -> None:
        """Import days and spans, each as (first, last, received, sent)."""
        past = Past(source, source, 2**33, [PastRow(device, *row) for row in rows])
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            PastLedger(connection, self.zone).put(source, past, 2**33)

    @contextlib.contextmanager
    def reading(self) -> Iterator[LedgerReader]:
        """The reader, what waits included."""
        with contextlib.closing(connect_to_read(self.path)) as connection:
            reader = LedgerReader(connection, fetch_unposted=lambda: self.unposted)
            with reader.at_one_moment():
                yield reader


def _rows(amounts: Mapping[int, Pair], subject: Subject, peaks: Speeds | None) -> Rows:
    return {(start, subject): Usage(Counts(*pair), 0, peaks or Speeds()) for start, pair in amounts.items()}
