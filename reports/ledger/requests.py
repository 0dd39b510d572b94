"""Amounts of requests over any stretch of time: whole days of rows by day, and the slots at its edges."""

from __future__ import annotations

from collections import Counter
from operator import add
from typing import TYPE_CHECKING, Any, TypeVar

from reports.calendar.days import ONE_DAY, SLOT_SECONDS, day_of, day_start
from reports.ledger.amounts import Amounts, Measures, Rows, local_days, posted_by_key
from reports.ledger.past_requests import WHOLE
from reports.ledger.selection import among
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.calendar.days import Span
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Key, Selection

Part = TypeVar("Part", bound="tuple[Any, ...] | int")

ROW_BYTES = 700
"""What the amounts of a subject take in memory."""


def rows_within(ledger: LedgerReader, selection: Selection, span: Span) -> list[Rows]:
    """The rows of [start, end) (UTC seconds), widened to quarter hours: few, since a day has a row a subject."""
    zone = ledger.zone
    start, end = span.start // SLOT_SECONDS * SLOT_SECONDS, -(-span.end // SLOT_SECONDS) * SLOT_SECONDS
    if end <= start:
        return []
    first, after = day_of(start, zone), day_of(end, zone)
    if day_start(first, zone) < start:
        first += ONE_DAY
    if first >= after:
        return [Rows(selection, "slot", start, end)]
    edges = ((start, day_start(first, zone)), (day_start(after, zone), end))
    slots = [Rows(selection, "slot", *edge) for edge in edges if edge[0] < edge[1]]
    return [local_days(selection, first, after - ONE_DAY), *slots]


def amounts_by_key(
    ledger: LedgerReader, selection: Selection, span: Span, columns: tuple[str, ...]
) -> dict[Key, Amounts]:
    """Sums and peaks by subject, in no order; days whose rows have not changed are not read again."""
    found: dict[Key, Amounts] = {}
    for rows in rows_within(ledger, selection, span):
        past, rest = ledger.remembered.split(ledger, rows)
        if past is not None:
            _add(found, _remembered(ledger, past, columns, posted_by_key), selection, columns)
        _add(found, posted_by_key(ledger, rest, columns), selection, columns)
        for _, row in rows.unposted(ledger):
            _add(found, {row.key: Measures(selection.meter, columns).of(row)}, selection, columns)
    return found


def imported_requests(ledger: LedgerReader, selection: Selection, span: Span) -> Counter[Key]:
    """How many of them were imported, by subject; without those of which none was."""
    found: Counter[Key] = Counter()
    for rows in rows_within(ledger, selection, span) if ledger.has_past_requests else ():
        query = f"""
            SELECT {", ".join(REQUEST.dimensions)}, sum(requests)
            FROM main.request_past_{rows.grain} JOIN {REQUEST.subjects} USING (subject)
            WHERE {rows.grain} >= :start AND {rows.grain} < :end {among(selection)} AND {WHOLE} GROUP BY subject
        """
        for *key, requests in ledger.execute(query, rows.bounds):
            found[tuple(key)] += requests
    return found


def amounts_by_time(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> dict[int, Amounts]:
    """Sums and peaks by day or slot; those without a row are left out.

    As `by_time`, for a meter of many subjects: they are chosen by number before the rows are read.
    """
    past, rest = ledger.remembered.split(ledger, rows)
    found = _posted_by_time(ledger, rest, columns)
    if past is not None:
        found |= _remembered(ledger, past, columns, _posted_by_time)
    for time, row in rows.unposted(ledger):
        _add(found, {time: Measures(rows.selection.meter, columns).of(row)}, rows.selection, columns)
    return found


def _posted_by_time(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> dict[int, Amounts]:
    selection = rows.selection
    meter, measures = selection.meter, Measures(selection.meter, columns)
    query = f"""
        SELECT {", ".join([rows.grain, *measures.sql(rows.grain)])} FROM {meter.table(rows.grain)}
        WHERE {rows.grain} >= :start AND {rows.grain} < :end {among(selection)} GROUP BY {rows.grain}
    """
    return {row[0]: row[1:] for row in ledger.posted(meter, query, rows.bounds)}


def _remembered(
    ledger: LedgerReader,
    days: Rows,
    columns: tuple[str, ...],
    find: Callable[[LedgerReader, Rows, tuple[str, ...]], dict[Part, Amounts]],
) -> Mapping[Part, Amounts]:
    """Posted amounts of days, from memory where none of their rows has changed."""
    selection, where = days.selection, days.selection.where.items()
    what = (find, columns, selection.keys, frozenset((name, frozenset(values)) for name, values in where))
    found: Mapping[Part, Amounts] | None = ledger.remembered.get(ledger, days, what)
    if found is None:
        found = find(ledger, days, columns)
        ledger.remembered.keep(ledger, days, what, found, ROW_BYTES * (1 + len(found)))
    return found


def _add(
    found: dict[Part, Amounts], more: Mapping[Part, Amounts], selection: Selection, columns: tuple[str, ...]
) -> None:
    """Add amounts to those that were found."""
    if not found:
        found |= more
        return
    both = [max if column in selection.meter.peaks else add for column in columns]
    for part, amounts in more.items():
        held = found.get(part)
        found[part] = (
            amounts
            if held is None
            else tuple([each(one, other) for each, one, other in zip(both, held, amounts, strict=True)])
        )
