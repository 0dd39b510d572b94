"""Amounts of requests over any stretch of time: whole days of rows by day, and the slots at its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.calendar.days import ONE_DAY, SLOT_SECONDS, day_of, day_start
from reports.ledger.amounts import Amounts, Measures, Rows, by_key, local_days
from reports.ledger.selection import EVERY, condition

if TYPE_CHECKING:
    from reports.calendar.days import Span
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Key, Selection


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
    """Amounts by subject, in no order."""
    measures, found = Measures(selection.meter, columns), dict[tuple[str, ...], Amounts]()
    for rows in rows_within(ledger, selection, span):
        for key, amounts in by_key(ledger, rows, columns).items():
            found[key] = measures.plus(found[key], amounts) if key in found else amounts
    return found


def amounts_by_time(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> dict[int, Amounts]:
    """Amounts by day or slot; those without a row are left out.

    As `by_time`, for a meter of many subjects: they are chosen by number before the rows are read.
    """
    selection = rows.selection
    meter, measures, chosen = selection.meter, Measures(selection.meter, columns), condition(selection)
    among = f"AND subject IN (SELECT subject FROM {meter.subjects} WHERE {chosen})" if chosen != EVERY else ""
    query = f"""
        SELECT {", ".join([rows.grain, *measures.sql(rows.grain)])} FROM {meter.table(rows.grain)}
        WHERE {rows.grain} >= :start AND {rows.grain} < :end {among} GROUP BY {rows.grain}
    """
    found = {row[0]: row[1:] for row in ledger.posted(meter, query, rows.bounds)}
    for time, row in rows.unposted(ledger):
        amounts = measures.of(row)
        found[time] = measures.plus(found[time], amounts) if time in found else amounts
    return found
