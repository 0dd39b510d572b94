"""Times of requests: sketches of subjects, merged over any stretch of time, as counts by bucket.

They are merged here rather than by an aggregate of SQL, which would make bytes of each sum that are read at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from reports.ledger.requests import rows_within
from reports.ledger.selection import among, condition, parameters
from reports.ledger.sketches import decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.calendar.days import Span
    from reports.ledger.amounts import Rows
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Key, Selection

Part = TypeVar("Part")
Counts = dict[int, int]
"""Requests by bucket of their time."""

SKETCH = "duration_sketch"
ENTRY_BYTES = 200
"""What a remembered sketch takes besides its own bytes."""


def sketches_by_key(ledger: LedgerReader, selection: Selection, span: Span) -> dict[Key, Counts]:
    """The times of each subject; days whose rows have not changed are not read again."""
    subjects, found = _subjects(ledger, selection), dict[int, Counts]()
    unposted: dict[Key, Counts] = {}
    for rows in rows_within(ledger, selection, span):
        past, rest = ledger.remembered.split(ledger, rows)
        if past is not None:
            _merge(found, _remembered(ledger, past, subjects))
        _merge(found, _posted(ledger, rest))
        _merge(unposted, ((row.key, sketch) for _, row in rows.unposted(ledger) for sketch in row.sketches))
    by_key = {subjects[subject]: counts for subject, counts in found.items()}
    for key, counts in unposted.items():
        add_counts(by_key.setdefault(key, {}), counts)
    return by_key


def sketches_by_time(ledger: LedgerReader, rows: Rows) -> dict[int, Counts]:
    """The times of all subjects together by day or slot."""
    found: dict[int, Counts] = {}
    _merge(found, _posted(ledger, rows, rows.grain))
    _merge(found, ((time, sketch) for time, row in rows.unposted(ledger) for sketch in row.sketches))
    return found


def add_counts(counts: Counts, more: Mapping[int, int]) -> None:
    """Add to counts."""
    for bucket, count in more.items():
        counts[bucket] = counts.get(bucket, 0) + count


def added_counts(parts: Iterable[Mapping[int, int]]) -> Counts:
    """The sum."""
    whole: Counts = {}
    for part in parts:
        add_counts(whole, part)
    return whole


def _subjects(ledger: LedgerReader, selection: Selection) -> dict[int, Key]:
    """The subjects of a selection that the ledger knows, by number."""
    meter = selection.meter
    query = f"SELECT subject, {', '.join(meter.dimensions)} FROM {meter.subjects} WHERE {condition(selection)}"
    return {row[0]: row[1:] for row in ledger.posted(meter, query, parameters(selection))}


def _posted(
    ledger: LedgerReader, rows: Rows, part: str = "subject", left_out: Iterable[int] = ()
) -> Iterable[tuple[int, bytes]]:
    """Sketches of rows, each with its subject or its time."""
    selection, left = rows.selection, {"left_out": json.dumps(list(left_out))}
    query = f"""
        SELECT {part}, {SKETCH} FROM {selection.meter.table(rows.grain)}
        WHERE {rows.grain} >= :start AND {rows.grain} < :end {among(selection)} AND {SKETCH} <> x''
        AND subject NOT IN (SELECT value FROM json_each(:left_out))
    """
    return ledger.posted(selection.meter, query, {**rows.bounds, **left})


def _remembered(ledger: LedgerReader, days: Rows, subjects: Iterable[int]) -> Iterable[tuple[int, bytes]]:
    """The merged sketches of days, by subject: from memory where it has them."""
    known = {subject: ledger.remembered.get(ledger, days, (SKETCH, subject)) for subject in subjects}
    held = {subject: sketch for subject, sketch in known.items() if sketch is not None}
    if len(held) < len(known):
        found: dict[int, Counts] = {}
        _merge(found, _posted(ledger, days, left_out=held))
        for subject in known.keys() - held.keys():
            held[subject] = encoded(found.get(subject, {}))
            ledger.remembered.keep(ledger, days, (SKETCH, subject), held[subject], ENTRY_BYTES + len(held[subject]))
    return held.items()


def _merge(found: dict[Part, Counts], sketches: Iterable[tuple[Part, bytes]]) -> None:
    """Merge each sketch into the counts of its part; damaged bytes count as an empty one."""
    for part, sketch in sketches:
        try:
            more = decoded(sketch)
        except ValueError:
            continue
        held = found.get(part)
        if held is None:
            found[part] = more
        else:
            add_counts(held, more)
