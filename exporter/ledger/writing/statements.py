"""Statements that write into the ledger; those of usage are made from a meter's spec."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from exporter.ledger.tables import merged

if TYPE_CHECKING:
    from reports.ledger.shape import MeterSpec

COUNTER_BASE = "counter_base:"
"""State of a subject, by its id: the lifetime sums at which its counters of /metrics began again."""

REWRITTEN = "rewritten"
"""State: the number of the posting that last moved usage between rows, which leaves none where nothing remains."""

GENERATION = "generation"
"""State: what tells the lives of a ledger apart: a copy that is written into begins one."""

MIRROR_TOKENS = "mirror_tokens"
"""State: the tokens that a mirror may hold, and the generation that wrote them."""

LEDGER_ID, FORMER_IDS = "ledger_id", "former_ids"
"""State: the id of the ledger, and those that it had before, with blanks between: its backups may be theirs."""

NEXT_POSTING = "SELECT ifnull(max(posting), 0) + 1 FROM meter"
"""What changes rows between two postings numbers them so: above all that a copy of the ledger may have read."""

PUT_METER = """
INSERT INTO meter (name, posting, boot_id, wall, elapsed)
VALUES (:name, :posting, :boot_id, :wall, :elapsed)
ON CONFLICT (name) DO UPDATE SET posting = :posting, boot_id = :boot_id, wall = :wall, elapsed = :elapsed
"""
PUT_SUBJECT = """
INSERT INTO subject (meter, key, first_seen, last_seen) VALUES (?, ?, ?, ?)
ON CONFLICT (meter, key) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)
"""
PUT_STATE = "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)"


@cache
def put_facts(spec: MeterSpec) -> str:
    """Upsert of a subject's dimensions and facts."""
    columns = ("subject", *spec.dimensions, *spec.facts)
    facts = ", ".join(f"{name} = excluded.{name}" for name in spec.facts)
    return (
        f"INSERT INTO {spec.subjects} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "  # noqa: S608 - names of the spec
        f"ON CONFLICT (subject) DO {f'UPDATE SET {facts}' if facts else 'NOTHING'}"
    )


@cache
def add(spec: MeterSpec, grain: str, *, with_sketches: bool = True) -> str:
    """Upsert of one row: its time, subject, measures (or those besides sketches) and posting."""
    if not with_sketches:
        spec = spec._replace(sketches=())
    marks = ", ".join("?" * (3 + len(spec.columns(grain))))
    return f"{_insert(spec, grain)} VALUES ({marks}) {_on_conflict(spec, grain)}"


@cache
def merge(spec: MeterSpec, grain: str, source: str) -> str:
    """Upsert of what the rows of a source hold together: its columns are those of the grain. Parameter: :number."""
    measures = ", ".join(merged(spec, grain))
    return (
        f"{_insert(spec, grain)} SELECT {grain}, subject, {measures}, :number FROM ({source}) "  # noqa: S608 - names of the spec
        f"WHERE true GROUP BY 1, 2 {_on_conflict(spec, grain)}"
    )


@cache
def withdraw(spec: MeterSpec, grain: str) -> str:
    """Update that takes sums and sketches out of one row; peaks stay. Parameters: they, posting, time, subject."""
    sums = [f"{name} = {name} - ?" for name in spec.added(grain)]
    sketches = [f"{name} = sketch_minus({name}, ?)" for name in spec.sketches]
    changes = ", ".join([*sums, *sketches, "posting = ?"])
    return f"UPDATE {spec.table(grain)} SET {changes} WHERE {grain} = ? AND subject = ?"  # noqa: S608 - names of the spec


def nothing(spec: MeterSpec, grain: str) -> str:
    """Condition of a row that holds nothing."""
    return " AND ".join([f"{name} = 0" for name in spec.added(grain)] + [f"{name} = x''" for name in spec.sketches])


def _insert(spec: MeterSpec, grain: str) -> str:
    columns = ", ".join((grain, "subject", *spec.columns(grain), "posting"))
    return f"INSERT INTO {spec.table(grain)} ({columns})"


def _on_conflict(spec: MeterSpec, grain: str) -> str:
    changes = [
        *(f"{name} = {name} + excluded.{name}" for name in spec.added(grain)),
        *(f"{name} = max({name}, excluded.{name})" for name in spec.peaks),
        *(f"{name} = sketch_plus({name}, excluded.{name})" for name in spec.sketches),
        "posting = excluded.posting",
    ]
    return f"ON CONFLICT ({grain}, subject) DO UPDATE SET {', '.join(changes)}"
