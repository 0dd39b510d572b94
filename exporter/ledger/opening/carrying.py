"""What an opened ledger carries forward to the meters: their last samples, accounts and checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.clock_repair.held_clock import held_reckoning
from exporter.ledger.upkeep.backups import COPIED
from exporter.metering.postings import Account, ClockState, Opening, OpeningBalance, SubjectFacts
from exporter.metering.subjects import Subject
from reports.ledger.past import IMPORTED_ALONE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from exporter.metering.samples import MeterStore
    from reports.ledger.shape import MeterSpec


def carried_forward(connection: sqlite3.Connection, stores: Iterable[MeterStore]) -> Opening:
    """The last posting, and for each meter what it goes on from."""
    query = "SELECT name, posting, boot_id, wall, elapsed FROM meter ORDER BY posting, wall"
    rows = connection.execute(query).fetchall()
    sampled = {name: ClockState(*clock) for name, _, *clock in rows}
    number, newest = (rows[-1][1], ClockState(*rows[-1][2:])) if rows else (0, None)
    is_copy = connection.execute("SELECT count(*) FROM state WHERE name = ?", (COPIED,)).fetchone()[0] > 0
    gaps = dict(connection.execute("SELECT meter, sum(max(ended - began, 0)) FROM gap GROUP BY meter"))
    meters = {
        store.spec.name: OpeningBalance(
            sampled.get(store.spec.name),
            _accounts(connection, store.spec),
            store.read(connection),
            gaps.get(store.spec.name, 0),
            is_copy,
        )
        for store in stores
    }
    return Opening(number, newest, held_reckoning(connection), meters)


def _accounts(connection: sqlite3.Connection, spec: MeterSpec) -> dict[Subject, Account]:
    """Lifetime and facts of every subject of a meter that it has met, and may meet again.

    A subject of events without a day of its own is known from an import alone.
    """
    sums = ", ".join(f"sum({name})" for name in spec.sums)
    query = f"SELECT subject, {sums} FROM {spec.table('day')} GROUP BY subject"  # noqa: S608 - names of the spec
    lifetimes = {number: tuple(rest) for number, *rest in connection.execute(query)}
    columns = ", ".join(f"k.{name}" for name in (*spec.dimensions, *spec.facts))
    query = f"""
        SELECT s.id, s.first_seen, s.last_seen, {columns} FROM {spec.subjects} AS k
        JOIN subject AS s ON s.id = k.subject WHERE s.id NOT IN ({IMPORTED_ALONE}) ORDER BY s.id
    """  # noqa: S608 - names of the spec
    nothing, dimensions = (0,) * len(spec.sums), len(spec.dimensions)
    return {
        Subject(spec.name, tuple(rest[:dimensions])): Account(
            lifetimes.get(number, nothing), SubjectFacts(first, last, tuple(rest[dimensions:]))
        )
        for number, first, last, *rest in connection.execute(query)
        if number in lifetimes or not spec.is_of_events
    }
