"""Times of requests: sketches of subjects, merged over any stretch of time, as counts by bucket.

They are merged here rather than by an aggregate of SQL, which would make bytes of each sum that are read at once.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, TypeVar

from reports.ledger.requests import rows_within
from reports.ledger.selection import among, condition, parameters
from reports.ledger.sketches import EMPTY, SumOfSketches

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
    subjects = _subjects(ledger, selection)
    found: dict[Key, SumOfSketches] = {}
    for rows in rows_within(ledger, selection, span):
        past, rest = ledger.remembered.split(ledger, rows)
        posted = [_posted(ledger, rest)]
        if past is not None:
            posted.append(_remembered(ledger, past, subjects))
        _merge(found, ((subjects[subject], sketch) for sketches in posted for subject, sketch in sketches))
        _merge(found, ((row.key, sketch) for _, row in rows.unposted(ledger) for sketch in row.sketches))
    return {key: times.counts() for key, times in found.items()}


def sketches_by_time(ledger: LedgerReader, rows: Rows) -> dict[int, Counts]:
    """The times of all subjects together by day or slot."""
    found: dict[int, SumOfSketches] = {}
    _merge(found, _posted(ledger, rows, rows.grain))
    _merge(found, ((time, sketch) for time, row in rows.unposted(ledger) for sketch in row.sketches))
    return {time: times.counts() for time, times in found.items()}


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
        found: dict[int, SumOfSketches] = {}
        _merge(found, _posted(ledger, days, left_out=held))
        for subject in known.keys() - held.keys():
            held[subject] = found[subject].encoded() if subject in found else EMPTY
            ledger.remembered.keep(ledger, days, (SKETCH, subject), held[subject], ENTRY_BYTES + len(held[subject]))
    return held.items()


def _merge(found: dict[Part, SumOfSketches], sketches: Iterable[tuple[Part, bytes]]) -> None:
    """Merge each sketch into those of its part; damaged bytes count as an empty one."""
    for part, sketch in sketches:
        with contextlib.suppress(ValueError):
            found.setdefault(part, SumOfSketches()).add(sketch)
