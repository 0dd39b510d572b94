"""The rows of a posting, as they go into the ledger within one transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.movable import GRAINS, Movable, shared_until
from exporter.ledger.clock_repair.realignment import Realignment
from exporter.ledger.upkeep.backups import COPIED
from exporter.ledger.writing.statements import (
    COUNTER_BASE,
    PUT_CHECKPOINT,
    PUT_METER,
    PUT_STATE,
    PUT_SUBJECT,
    add,
    put_facts,
)
from exporter.metering.clock import SECOND
from exporter.metering.spreading import MINUTE_SECONDS, SLOT_SECONDS
from reports.calendar.periods import day_number, day_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.ledger.clock_repair.movable import Cell
    from exporter.metering.clock_repair import Reckoning
    from exporter.metering.postings import Checkpoint, Posting, SubjectFacts, Usage
    from exporter.metering.readings import Counts, Subject
    from reports.ledger.shape import MeterSpec

MOST = 2**63 - 1
"""The largest number that SQLite holds."""


class Rows:
    """Puts rows through one connection, and remembers what the ledger calls each subject."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], zone: ZoneInfo, specs: Sequence[MeterSpec]) -> None:
        """`zone` is where the day rows are cut."""
        self._connect, self._zone, self._specs = connect, zone, {spec.name: spec for spec in specs}
        self._ids: dict[Subject, int] = {}
        self._known: frozenset[int] | None = None
        self._reckoning: Reckoning | None = None
        self._shared_until: int | None = None

    def forget(self) -> None:
        """Look everything up again: a transaction was rolled back, or subjects were folded together."""
        self._ids.clear()
        self._known = self._reckoning = self._shared_until = None

    def put(self, posting: Posting) -> None:
        """Usage, checkpoints and facts of the subjects."""
        for change in posting.changes:
            Realignment(self._connection, self._zone, tuple(self._specs.values())).apply(change)
        self._put_subjects(posting.subjects)
        self._add_usage(posting)
        self._copy_what_may_move(posting)
        self._put_checkpoints(posting.checkpoints)
        if posting.counter_bases is not None:
            self._put_counter_bases(posting.counter_bases)

    def close(self, posting: Posting) -> None:
        """Gaps, incidents, and where the meter stands now."""
        self._note(posting)
        state = posting.state
        row = {
            "name": posting.meter,
            "posting": state.posting,
            "boot_id": state.boot_id,
            "namespace": state.namespace,
            "wall": state.wall,
            "elapsed": state.elapsed,
        }
        self._connection.execute(PUT_METER, row)
        self._put_known(posting.meter, state.known)
        self._put_reckoning(posting.meter, state.reckoning)

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._connect()

    def _put_counter_bases(self, bases: Mapping[Subject, Counts]) -> None:
        rows = ((f"{COUNTER_BASE}{self._id(subject)}", " ".join(map(str, base))) for subject, base in bases.items())
        self._connection.executemany(PUT_STATE, rows)
        self._connection.execute("DELETE FROM state WHERE name = ?", (COPIED,))

    def _put_known(self, meter: str, known: frozenset[int]) -> None:
        """Written when it changes only: a host of containers has a thousand indexes, and a commit every ten seconds."""
        if known != self._known:
            row = (f"known:{meter}", " ".join(map(str, sorted(known))))
            self._connection.execute(PUT_STATE, row)
            self._known = known

    def _put_reckoning(self, meter: str, reckoning: Reckoning | None) -> None:
        """Written when it changes only: at a boot, and when the clock is set."""
        if reckoning is not None and reckoning != self._reckoning:
            row = (f"clock:{meter}", json.dumps(reckoning._asdict()))
            self._connection.execute(PUT_STATE, row)
            self._reckoning = reckoning

    def _copy_what_may_move(self, posting: Posting) -> None:
        """Copy usage, too, that was booked into slots which others share: a step of the clock may yet move it."""
        state, reckoning = posting.state, posting.state.reckoning
        if reckoning is None:
            return
        if posting.changes or self._shared_until is None:
            self._shared_until = shared_until(self._connection)
        interval = (max(reckoning.began, self._unposted_since(posting)), state.wall // SECOND)
        minutes: dict[tuple[Subject, int], list[tuple[int, ...]]] = defaultdict(list)
        for (minute, subject), used in sorted(posting.minutes.items()):
            kept = used.counts[: len(self._specs[subject.kind].minute_sums)]
            minutes[subject, minute // SLOT_SECONDS].append((minute, *kept))
        movable = {name: Movable(self._connection, spec) for name, spec in self._specs.items()}
        for grain, usage in (("slot", posting.slots), ("minute", posting.minutes)):
            for (start, subject), used in usage.items():
                if reckoning.began - GRAINS[grain] < start < self._shared_until and start <= interval[1]:
                    spec, meter = self._specs[subject.kind], movable[subject.kind]
                    row = meter.own_row(grain, self._id(subject), start, interval, _cell(spec, grain, used))
                    is_cut = grain == "slot" and spec.minute_sums
                    meter.add(meter.cut(row, minutes[subject, start // SLOT_SECONDS]) if is_cut else (row,))

    def _unposted_since(self, posting: Posting) -> int:
        """The minute (UTC seconds by today's clock) of the last posting, or of the boot."""
        state = posting.state
        query = "SELECT boot_id, elapsed FROM meter WHERE name = ?"
        boot_id, elapsed = self._connection.execute(query, (posting.meter,)).fetchone() or ("", 0)
        passed = state.elapsed - (elapsed if boot_id == state.boot_id else 0)
        return (state.wall - passed) // SECOND // MINUTE_SECONDS * MINUTE_SECONDS

    def _put_subjects(self, subjects: Mapping[Subject, SubjectFacts]) -> None:
        rows = ((subject.kind, subject.name, facts.first_seen, facts.last_seen) for subject, facts in subjects.items())
        self._connection.executemany(PUT_SUBJECT, rows)
        for subject, facts in subjects.items():
            values = (self._id(subject), subject.name, int(facts.is_counted), int(facts.is_uplink))
            self._connection.execute(put_facts(self._specs[subject.kind]), values)

    def _add_usage(self, posting: Posting) -> None:
        days: dict[tuple[int, Subject], Usage] = {}
        for (start, subject), usage in posting.slots.items():
            key = (day_number(day_of(start, self._zone)), subject)
            days[key] = usage.plus(days[key]) if key in days else usage
        number = posting.state.posting
        for grain, rows in (("slot", posting.slots), ("day", days), ("minute", posting.minutes)):
            for (start, subject), usage in rows.items():
                spec = self._specs[subject.kind]
                values = (start, self._id(subject), *_measures(spec, grain, usage), number)
                self._connection.execute(add(spec, grain), values)

    def _put_checkpoints(self, checkpoints: Mapping[Subject, Checkpoint]) -> None:
        self._connection.executemany(
            PUT_CHECKPOINT,
            (
                (
                    self._id(subject),
                    str(held.epoch),
                    held.counter_bits,
                    *held.counts,
                    held.began_at,
                    *held.base,
                    *held.ledger,
                    *held.discarded,
                    held.read_at,
                )
                for subject, held in checkpoints.items()
            ),
        )

    def _note(self, posting: Posting) -> None:
        self._connection.executemany(
            "INSERT INTO gap (meter, began, ended, cause, bytes) VALUES (?, ?, ?, ?, ?)",
            ((posting.meter, *gap[:3], min(gap.bytes, MOST)) for gap in posting.gaps),
        )
        self._connection.executemany(
            "INSERT INTO incident (meter, at, subject, what, bytes, detail, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    posting.meter if incident.subject else "",
                    *incident[:3],
                    min(incident.bytes, MOST),
                    incident.detail,
                    int(not incident.is_notice),
                )
                for incident in posting.incidents
            ),
        )

    def _id(self, subject: Subject) -> int:
        known = self._ids.get(subject)
        if known is None:
            query = "SELECT id FROM subject WHERE meter = ? AND key = ?"
            row = self._connection.execute(query, subject).fetchone()
            if row is None:
                raise ValueError("the ledger does not know it")
            known = self._ids[subject] = row[0]
        return known


def _measures(spec: MeterSpec, grain: str, usage: Usage) -> tuple[int, ...]:
    """The columns of a grain."""
    sums = (*usage.counts, usage.estimated_bytes) if spec.counts_bytes else usage.counts
    return (*sums[: len(spec.added(grain))], *usage.peaks)


def _cell(spec: MeterSpec, grain: str, usage: Usage) -> Cell:
    """The same as columns of a slot; what the grain lacks is 0."""
    kept = _measures(spec, grain, usage)[: len(spec.added(grain))]
    return (*kept, *(0 for _ in range(len(spec.added("slot")) - len(kept))), *usage.peaks), ()
