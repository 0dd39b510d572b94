"""Rows of a selection in columns, subject by subject: for what goes through years of them."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import msgspec

from reports.ledger.amounts import Amounts, Measures, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Key

Columns = list[list[int]]
"""Times in order, and the amounts of each column at them."""


def by_subject(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> dict[Key, Columns]:
    """The columns of each subject that has a row, what is not posted yet included."""
    measures, dimensions = Measures(rows.selection.meter, columns), rows.selection.meter.dimensions
    # A text of all numbers of a column, read as JSON: rows as tuples would take twice the time.
    texts = [f"group_concat({column})" for column in (rows.time, *columns)]
    query = f"SELECT {', '.join([*dimensions, *texts])} FROM {rows.sql(ledger)} GROUP BY {', '.join(dimensions)}"
    size = len(dimensions)
    found = {tuple(row[:size]): _parse(row[size:]) for row in ledger.posted(rows.selection.meter, query, rows.bounds)}
    for time, row in rows.unposted(ledger):
        _add(found.setdefault(row.key, [[] for _ in texts]), time, measures.of(row), measures)
    return found


def _parse(texts: Sequence[str]) -> Columns:
    columns = [msgspec.json.decode(f"[{text}]", type=list[int]) for text in texts]
    # SQLite reads them in the order of time, and does not promise to.
    if columns[0] != sorted(columns[0]):
        return [list(column) for column in zip(*sorted(zip(*columns, strict=True)), strict=True)]
    return columns


def _add(columns: Columns, time: int, amounts: Amounts, measures: Measures) -> None:
    place = bisect_left(columns[0], time)
    if columns[0][place : place + 1] == [time]:
        amounts = measures.plus(tuple(column[place] for column in columns[1:]), amounts)
        for column, amount in zip(columns[1:], amounts, strict=True):
            column[place] = amount
    else:
        for column, amount in zip(columns, (time, *amounts), strict=True):
            column.insert(place, amount)
