"""Compares a mirror with its ledger, row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.mirror import statements
from exporter.mirror.copying import SLOTS
from exporter.mirror.identity import identity_of
from exporter.mirror.ledger_rows import PAGE_ROWS, LedgerRows, Row, Sweep, key_in
from exporter.mirror.pushing import HostRow
from exporter.mirror.rollups import EVER, month_number, rolled_up
from exporter.mirror.tables import HOST_DAYS, HOST_MONTHS, IMPORTS, SUBJECTS, USAGE, meter_of
from reports.calendar.days import day_from_number
from reports.ledger.past import imported_since
from reports.ledger.reader import LedgerReader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Collection, Iterator
    from uuid import UUID

    from exporter.mirror.tables import MirrorTable

MOST_EXAMPLES = 20
END: tuple[Any, ...] = ()
Rule = Callable[[Row, Row], bool]
"""Whether a difference is one that the next round mends, by the ledger's row and the mirror's."""


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

    def compare(self, table: MirrorTable, mine: Row, other: Row, is_behind: Rule) -> None:
        """Note one key's rows, END where a side has none."""
        self.rows += 1
        if mine == other:
            return
        if is_behind(mine, other):
            self.behind += 1
            return
        self.different += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(Difference(table.name, key_in(table, mine or other), mine or None, other or None))


async def verify(
    connection: Any,
    ledger: sqlite3.Connection,
    schema: str,
    *,
    machine_id: str,
    advance: Callable[[int], object] = bool,
) -> Verified | None:
    """Compare all rows that the mirror claims to have; None where it has nothing of this ledger.

    Rows that were posted since are behind, and so are days and months of which they are. What no posting numbers
    differs until the next round: an import that was removed, an interface that has begun to count. `connection` is
    asyncpg's, and reads at one instant. `advance` takes the number of rows so far.
    """
    rows, tally = LedgerRows(ledger), _Tally()
    host = identity_of(rows.states, machine_id).host
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await connection.fetchrow(statements.read_host(schema), host)
        if found is None:
            return None
        held = HostRow(*found)
        sweep = Sweep(-1, 0, max(held.slots_since, 0), is_whole=True)
        used: defaultdict[str, set[int]] = defaultdict(set)
        for table in (*USAGE, *SUBJECTS, IMPORTS):
            ours = _counted((row for page in rows.pages(table, sweep) for row in page.rows), tally, advance)
            theirs = _rows_of(connection, table, schema, host)
            is_behind = _rule(table, rows, held, used[meter_of(table)])
            async for mine, other in _pairs(table, ours, theirs):
                if table in USAGE and other:
                    used[meter_of(table)].add(other[1])
                tally.compare(table, mine, other, is_behind)
        await _compare_rollups(connection, ledger, rows, held, (schema, host), tally)
    return Verified(tally.rows, tally.different, tuple(tally.examples), tally.behind)


def _rule(table: MirrorTable, rows: LedgerRows, held: HostRow, used: Collection[int]) -> Rule:
    """Which rows of a table may differ, as the next round sends or deletes them.

    `used` are subjects of which the mirror has usage: it must have them, too.
    """
    if table in SUBJECTS:
        return lambda mine, other: not other and mine[0] not in used
    if table is IMPORTS:
        fresh = imported_since(rows.states, held.sent_at)
        return lambda mine, other: not other and mine[0].rpartition("/")[0] in fresh
    oldest = rows.oldest(table) if table in SLOTS else None
    return lambda mine, other: mine[-1] > held.posting if mine else oldest is not None and bool(other[0] < oldest)


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


async def _pairs(table: MirrorTable, ours: Iterator[Row], theirs: AsyncIterator[Row]) -> AsyncIterator[tuple[Row, Row]]:
    """The rows of both sides by their keys, in whose order both are; END where a side has none."""
    mine, other = next(ours, END), await _next(theirs)
    while mine or other:
        my_key, other_key = key_in(table, mine), key_in(table, other)
        has_mine = bool(mine) and (not other or my_key <= other_key)
        has_other = bool(other) and (not mine or other_key <= my_key)
        yield mine if has_mine else END, other if has_other else END
        mine = next(ours, END) if has_mine else mine
        other = await _next(theirs) if has_other else other


async def _compare_rollups(
    connection: Any, ledger: sqlite3.Connection, rows: LedgerRows, held: HostRow, place: tuple[str, UUID], tally: _Tally
) -> None:
    """Rollups have the number of the round that made them: what is behind of days says it of them."""
    with LedgerReader(ledger).at_one_moment() as reader:
        rolled, days = dict(rolled_up(reader, None, 0)), rows.days_after(held.posting)
    months = {month_number(day_from_number(day)) for day in days} | ({EVER} if days else set())
    is_imported = bool(imported_since(rows.states, held.sent_at))
    for table, late in ((HOST_DAYS, days), (HOST_MONTHS, months)):
        mine = {key_in(table, row): tuple(row[:-1]) for row in rolled[table]}
        others = {key_in(table, row): tuple(row[:-1]) async for row in _rows_of(connection, table, *place)}
        for key in sorted(mine.keys() | others.keys()):
            is_late = is_imported or key[0] in late
            tally.compare(table, mine.get(key, END), others.get(key, END), lambda _mine, _other: is_late)  # noqa: B023 - called at once
