"""The rows of a posting, as they go into the ledger within one transaction."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.held_clock import RECKONING
from exporter.ledger.clock_repair.movable import GRAINS, Movable, shared_until
from exporter.ledger.clock_repair.realignment import Realignment
from exporter.ledger.upkeep.backups import COPIED
from exporter.ledger.writing.statements import (
    GENERATION,
    PUT_METER,
    PUT_STATE,
    PUT_SUBJECT,
    add,
    put_facts,
)
from exporter.metering.clock import SECOND
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS
from reports.calendar.days import day_number, day_of
from reports.ledger.shape import key_text
from reports.ledger.sketches import EMPTY

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.ledger.clock_repair.movable import Cell
    from exporter.metering.clock_repair import Reckoning
    from exporter.metering.postings import Posting, SubjectFacts, Usage
    from exporter.metering.samples import MeterStore
    from exporter.metering.subjects import Subject
    from reports.ledger.shape import MeterSpec

MOST = 2**63 - 1
"""The largest number that SQLite holds."""


class Rows:
    """Puts rows through one connection, and remembers what the ledger calls each subject."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], zone: ZoneInfo, stores: Sequence[MeterStore]) -> None:
        """`zone` is where the day rows are cut."""
        self._connect, self._zone = connect, zone
        self._stores = {store.spec.name: store for store in stores}
        self._specs = {name: store.spec for name, store in self._stores.items()}
        self._ids: dict[Subject, int] = {}
        self._reckoning: Reckoning | None = None
        self._shared_until: int | None = None

    def forget(self) -> None:
        """Read everything again: a transaction was rolled back, or subjects were folded together."""
        self._ids.clear()
        self._reckoning = self._shared_until = None
        for store in self._stores.values():
            store.forget()

    def put(self, posting: Posting) -> None:
        """Usage, facts and checkpoints of the subjects."""
        for change in posting.changes:
            Realignment(self._connection, self._zone, tuple(self._specs.values())).apply(change)
        for part in posting.meters:
            self._put_subjects(self._specs[part.meter], part.checkpoint.facts)
        self._add_usage(posting)
        self._copy_what_may_move(posting)
        for part in posting.meters:
            self._stores[part.meter].write(self._connection, part.checkpoint, self._id)

    def close(self, posting: Posting) -> None:
        """Gaps, incidents, and where each meter stands now."""
        self._note(posting)
        for part in posting.meters:
            row = {"name": part.meter, "posting": posting.number, **part.sampled._asdict()}
            self._connection.execute(PUT_METER, row)
        self._begin_generation()
        self._put_reckoning(posting.reckoning)

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._connect()

    def _begin_generation(self) -> None:
        """A copy that is written into is a ledger of its own from now on."""
        if self._connection.execute("DELETE FROM state WHERE name = ?", (COPIED,)).rowcount:
            self._connection.execute(PUT_STATE, (GENERATION, secrets.token_hex(8)))

    def _put_reckoning(self, reckoning: Reckoning | None) -> None:
        """Written when it changes only: at a boot, and when the clock is set."""
        if reckoning is not None and reckoning != self._reckoning:
            self._connection.execute(PUT_STATE, (RECKONING, json.dumps(reckoning._asdict())))
            self._reckoning = reckoning

    def _copy_what_may_move(self, posting: Posting) -> None:
        """Copy usage, too, that was booked into slots which others share: a step of the clock may yet move it."""
        clock, reckoning = posting.clock, posting.reckoning
        if reckoning is None:
            return
        if posting.changes or self._shared_until is None:
            self._shared_until = shared_until(self._connection)
        interval = (max(reckoning.began, self._unposted_since(posting)), clock.wall // SECOND)
        minutes: dict[tuple[Subject, int], list[tuple[int, ...]]] = defaultdict(list)
        for (minute, subject), used in sorted(posting.minutes.items()):
            kept = used.amounts[: len(self._specs[subject.meter].minute_sums)]
            minutes[subject, minute // SLOT_SECONDS].append((minute, *kept))
        movable = {name: Movable(self._connection, spec) for name, spec in self._specs.items()}
        for grain, usage in (("slot", posting.slots), ("minute", posting.minutes)):
            for (start, subject), used in usage.items():
                if reckoning.began - GRAINS[grain] < start < self._shared_until and start <= interval[1]:
                    spec, meter = self._specs[subject.meter], movable[subject.meter]
                    row = meter.own_row(grain, self._id(subject), start, interval, _cell(spec, grain, used))
                    is_cut = grain == "slot" and spec.minute_sums
                    meter.add(meter.cut(row, minutes[subject, start // SLOT_SECONDS]) if is_cut else (row,))

    def _unposted_since(self, posting: Posting) -> int:
        """The minute (UTC seconds by today's clock) of the last posting, or of the boot."""
        clock, passed = posting.clock, 0
        query = "SELECT boot_id, elapsed FROM meter WHERE name = ?"
        for part in posting.meters:
            boot_id, elapsed = self._connection.execute(query, (part.meter,)).fetchone() or ("", 0)
            passed = max(passed, clock.elapsed - (elapsed if boot_id == clock.boot_id else 0))
        return (clock.wall - passed) // SECOND // MINUTE_SECONDS * MINUTE_SECONDS

    def _put_subjects(self, spec: MeterSpec, subjects: Mapping[Subject, SubjectFacts]) -> None:
        rows = (
            (subject.meter, key_text(subject.key), facts.first_seen, facts.last_seen)
            for subject, facts in subjects.items()
        )
        self._connection.executemany(PUT_SUBJECT, rows)
        columns = ((self._id(subject), *subject.key, *facts.columns) for subject, facts in subjects.items())
        self._connection.executemany(put_facts(spec), columns)

    def _add_usage(self, posting: Posting) -> None:
        days: dict[tuple[int, Subject], Usage] = {}
        numbers: dict[int, int] = {}
        for (start, subject), usage in posting.slots.items():
            number = numbers.get(start)
            if number is None:
                number = numbers[start] = day_number(day_of(start, self._zone))
            held = days.get((number, subject))
            days[number, subject] = usage if held is None else usage.plus(held)
        for grain, rows in (("slot", posting.slots), ("day", days), ("minute", posting.minutes)):
            for name, of_meter in _by_meter(rows).items():
                if grain in self._specs[name].grains:
                    self._add_rows(self._specs[name], grain, of_meter, posting.number)

    def _add_rows(self, spec: MeterSpec, grain: str, rows: list[tuple[int, Subject, Usage]], number: int) -> None:
        """Usage of one meter; rows without sketches, as nearly all are, are not merged with any."""
        plain: list[tuple[int | bytes, ...]] = []
        sketched: list[tuple[int | bytes, ...]] = []
        size, no_peaks = len(spec.added(grain)), (0,) * len(spec.peaks)
        for start, subject, (amounts, estimated_bytes, peaks, sketches) in rows:
            row = (start, self._id(subject), *(*amounts, estimated_bytes)[:size], *(peaks or no_peaks))
            if sketches:
                sketched.append((*row, *sketches, number))
            else:
                plain.append((*row, number))
        self._connection.executemany(add(spec, grain, with_sketches=False), plain)
        if sketched:
            self._connection.executemany(add(spec, grain), sketched)

    def _note(self, posting: Posting) -> None:
        self._connection.executemany(
            "INSERT INTO gap (meter, began, ended, cause, bytes) VALUES (?, ?, ?, ?, ?)",
            ((part.meter, *gap[:3], min(gap.bytes, MOST)) for part in posting.meters for gap in part.gaps),
        )
        self._connection.executemany(
            "INSERT INTO incident (meter, at, subject, what, bytes, detail, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (incident.meter, *incident[:3], min(incident.bytes, MOST), incident.detail, int(not incident.is_notice))
                for incident in posting.incidents
            ),
        )

    def _id(self, subject: Subject) -> int:
        known = self._ids.get(subject)
        if known is None:
            query = "SELECT id FROM subject WHERE meter = ? AND key = ?"
            row = self._connection.execute(query, (subject.meter, key_text(subject.key))).fetchone()
            if row is None:
                raise ValueError("the ledger does not know it")
            known = self._ids[subject] = row[0]
        return known


def _by_meter(rows: Mapping[tuple[int, Subject], Usage]) -> dict[str, list[tuple[int, Subject, Usage]]]:
    found: dict[str, list[tuple[int, Subject, Usage]]] = {}
    for (start, subject), usage in rows.items():
        found.setdefault(subject.meter, []).append((start, subject, usage))
    return found


def _cell(spec: MeterSpec, grain: str, usage: Usage) -> Cell:
    """Usage as columns of a slot; what the grain lacks is 0."""
    kept = (*usage.amounts, usage.estimated_bytes)[: len(spec.added(grain))]
    missing = (0,) * (len(spec.added("slot")) - len(kept))
    return (*kept, *missing, *_peaks(spec, usage)), _sketches(spec, usage)


def _peaks(spec: MeterSpec, usage: Usage) -> tuple[int, ...]:
    return usage.peaks or (0,) * len(spec.peaks)


def _sketches(spec: MeterSpec, usage: Usage) -> tuple[bytes, ...]:
    return usage.sketches or (EMPTY,) * len(spec.sketches)
