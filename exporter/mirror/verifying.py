"""Compares a mirror with its ledger, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.mirror import statements
from exporter.mirror.copying import SLOTS
from exporter.mirror.identity import identity_of
from exporter.mirror.ledger_rows import PAGE_ROWS, TABLES, LedgerRows, Sweep, key_in
from exporter.mirror.pushing import HostRow
from exporter.mirror.rollups import rolled_up
from exporter.mirror.tables import HOST_DAYS, HOST_MONTHS
from reports.ledger.reader import LedgerReader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from exporter.mirror.ledger_rows import Row
    from exporter.mirror.tables import MirrorTable

MOST_EXAMPLES = 20
END: tuple[Any, ...] = ()


class Difference(NamedTuple):
    """A row that one side has otherwise, or not at all (None)."""

    table: str
    key: tuple[object, ...]
    ledger: tuple[object, ...] | None
    mirror: tuple[object, ...] | None


class Verified(NamedTuple):
    """Rows that were compared and that differ, the first differences, and rows that were posted too lately."""

    rows: int
    different: int
    examples: tuple[Difference, ...]
    behind: int


class _Tally:
    def __init__(self) -> None:
        self.rows = self.different = self.behind = 0
        self.examples: list[Difference] = []

    def differ(self, difference: Difference) -> None:
        self.different += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(difference)


async def verify(
    connection: Any,
    ledger: sqlite3.Connection,
    schema: str,
    *,
    machine_id: str,
    advance: Callable[[int], object] = bool,
) -> Verified | None:
    """Compare all rows that the mirror claims to have; None where it has nothing of this ledger.

    Rows that were posted since are not compared. `connection` is asyncpg's, and reads at one instant. `advance` takes
    the number of rows so far.
    """
    rows, tally = LedgerRows(ledger), _Tally()
    host = identity_of(rows.states, machine_id).host
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await connection.fetchrow(statements.read_host(schema, to_write=False), host)
        if found is None:
            return None
        held = HostRow(*found)
        sweep = Sweep(-1, 0, max(held.slots_since, 0), is_whole=True)
        for table in TABLES:
            ours = _counted((row for page in rows.pages(table, sweep) for row in page.rows), tally, advance)
            fit = _Comparable(held.posting, rows.oldest(table) if table in SLOTS else None)
            await _compare(table, _counted(ours, tally, advance), _rows_of(connection, table, schema, host), fit, tally)
        with LedgerReader(ledger).at_one_moment() as reader:
            rolled = dict(rolled_up(reader, None, 0))
        for table in (HOST_DAYS, HOST_MONTHS):
            theirs = _rows_of(connection, table, schema, host)
            await _compare_rollups(table, rolled[table], theirs, tally, is_current=not tally.behind)
    return Verified(tally.rows, tally.different, tuple(tally.examples), tally.behind)


class _Comparable(NamedTuple):
    """The mirror's posting, and since when the ledger keeps a table's rows (None: ever)."""

    posting: int
    oldest: int | None


def _counted(rows: Iterator[Row], tally: _Tally, advance: Callable[[int], object]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if not number % PAGE_ROWS:
            advance(tally.rows)
        yield row


async def _rows_of(connection: Any, table: MirrorTable, schema: str, host: object) -> AsyncIterator[Row]:
    """A host's rows in the order of their keys, with the memory of one page."""
    async for row in connection.cursor(statements.rows(table, schema), host, prefetch=PAGE_ROWS):
        yield tuple(row)


async def _next(rows: AsyncIterator[Row]) -> Row:
    """The next row, END after the last; the built-in anext() with a default ends in a SystemError in Python 3.11."""
    async for row in rows:
        return row
    return END


async def _compare(
    table: MirrorTable, ours: Iterator[Row], theirs: AsyncIterator[Row], fit: _Comparable, tally: _Tally
) -> None:
    """Go along both in the order of keys. What the ledger has ceased to keep goes from the mirror by the next round."""
    is_usage = "posting" in table.types
    mine, other = next(ours, END), await _next(theirs)
    while mine or other:
        tally.rows += 1
        my_key, other_key = key_in(table, mine), key_in(table, other)
        is_new = bool(mine) and is_usage and mine[-1] > fit.posting
        if mine and (not other or my_key < other_key):
            if is_new or not is_usage:
                tally.behind += 1
            else:
                tally.differ(Difference(table.name, my_key, mine, None))
            mine = next(ours, END)
        elif other and (not mine or other_key < my_key):
            if fit.oldest is not None and other[0] < fit.oldest:
                tally.behind += 1
            else:
                tally.differ(Difference(table.name, other_key, None, other))
            other = await _next(theirs)
        else:
            if mine != other and is_new:
                tally.behind += 1
            elif mine != other:
                tally.differ(Difference(table.name, my_key, mine, other))
            mine, other = next(ours, END), await _next(theirs)


async def _compare_rollups(
    table: MirrorTable, ours: Iterable[Row], theirs: AsyncIterator[Row], tally: _Tally, *, is_current: bool
) -> None:
    """Rollups have the number of the round that made them; while rows are behind, those of today cannot be compared."""
    mine = {key_in(table, row): tuple(row[:-1]) for row in ours}
    others = {key_in(table, row): tuple(row[:-1]) async for row in theirs}
    tally.rows += len(mine | others)
    for key in sorted(mine.keys() | others.keys()):
        if mine.get(key) != others.get(key):
            if is_current:
                tally.differ(Difference(table.name, key, mine.get(key), others.get(key)))
            else:
                tally.behind += 1
