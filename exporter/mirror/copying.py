"""One copy of a ledger's rows into its mirror: everything, or what is new, in transactions of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from exporter.mirror.ledger_rows import INTERFACE_DAYS, TABLES, RowPage, Sweep, key_in
from exporter.mirror.rollups import rolled_up
from exporter.mirror.tables import IMPORTS, SUBJECTS, USAGE, meter_of
from reports.calendar.days import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from exporter.mirror.ledger_rows import Key, LedgerRows, Row
    from exporter.mirror.pushing import HostRow, Pusher
    from exporter.mirror.tables import MirrorTable
    from reports.ledger.reader import LedgerReader

PUSH_ROWS = 4_000
"""Rows of one transaction, and a page more."""

AFTER_ALL = 2**62
SLOTS = tuple(table for table in USAGE if table.key[0] == "slot")


class Progress(msgspec.Struct, frozen=True):
    """How far a copy of several transactions has come: up to the posting `until`; what is next is after `key`."""

    until: int
    is_whole: bool
    table: str
    key: tuple[int | str, ...]

    @classmethod
    def read(cls, text: str) -> Progress | None:
        """What `text` wrote; None where there is none."""
        return msgspec.json.decode(text, type=cls) if text else None

    @property
    def text(self) -> str:
        """JSON, for the host's row."""
        return msgspec.json.encode(self).decode()


class Plan(NamedTuple):
    """Rows of postings after `after`, up to `until`, none of before `since` (UTC seconds), or all.

    `begun` is how far a copy came that this one goes on with.
    """

    after: int
    until: int
    since: int
    is_whole: bool
    begun: Progress | None


class Known(NamedTuple):
    """What a round has seen of the ledger and brought into the mirror: the next one looks for what differs.

    Numbers and the newest of each meter's subjects, and their facts, a mark of the imports, the interfaces that count,
    and the times before which quarter hours were deleted.
    """

    subjects: dict[str, tuple[int, int]]
    facts: dict[str, frozenset[Row]]
    imports: tuple[Any, ...]
    counted: frozenset[int]
    oldest: dict[str, int]


class Copy:
    """Sends what its plan says. `known` None: what the mirror has besides is looked up."""

    def __init__(self, rows: LedgerRows, reader: LedgerReader, pusher: Pusher, plan: Plan, known: Known | None) -> None:
        """Nothing is sent before `run`."""
        self._rows, self._reader, self._pusher, self._plan, self._held = rows, reader, pusher, plan, known
        self._now = self._known_now()
        self._first_day: int | None = None
        self._pages: list[RowPage] = []
        self._sent = 0

    def known(self) -> Known:
        """What the next copy may know, after this one has ended well, and was not the rest of one that was begun."""
        return self._now

    async def run(self, row: HostRow, *, slots_since: int) -> int:
        """Send everything, and at last `row` with the posting; returns the number of rows."""
        row = row._replace(zone=self._reader.zone.key, slots_since=slots_since)
        sweep = Sweep(self._plan.after, self._plan.since, slots_since, self._plan.is_whole)
        await self._delete_gone(row)
        for page in self._all_pages(sweep):
            await self._add(page, row)
        for table in SLOTS:
            await self._cut(table, max(self._now.oldest[table.name], slots_since), row)
        for page in self._rollups():
            await self._add(page, row)
        self._sent += await self._pusher.push(self._pages, row._replace(posting=self._plan.until, copying=""))
        return self._sent

    def _known_now(self) -> Known:
        rows = self._rows
        return Known(
            {table.name: (rows.count(table), rows.newest(table)) for table in SUBJECTS},
            {table.name: rows.facts(table) for table in SUBJECTS},
            rows.imports_mark(),
            rows.counted(),
            {table.name: AFTER_ALL if (first := rows.oldest(table)) is None else first for table in SLOTS},
        )

    def _all_pages(self, sweep: Sweep) -> Iterator[RowPage]:
        """Pages of all tables in their order, from where a copy that was begun has come to."""
        begun = self._plan.begun
        names = [table.name for table in TABLES]
        first = names.index(begun.table) if begun is not None and begun.table in names else 0
        for table in TABLES[first:]:
            after = begun.key if begun is not None and table.name == begun.table else None
            for page in self._pages_of(table, sweep, after):
                if table.name == INTERFACE_DAYS and page.rows:
                    self._first_day = min(self._first_day or page.rows[0][0], page.rows[0][0])
                yield page

    def _pages_of(self, table: MirrorTable, sweep: Sweep, after: Key | None) -> Iterator[RowPage]:
        held = self._held
        if table is IMPORTS:
            if held is not None and held.imports == self._now.imports:
                return iter(())
            return self._rows.pages(table, sweep._replace(is_whole=True), after)
        if held is not None and table.name in held.subjects and held.facts[table.name] <= self._now.facts[table.name]:
            after = (held.subjects[table.name][1],)
        return self._rows.pages(table, sweep, after)

    async def _add(self, page: RowPage, row: HostRow) -> None:
        """Collect pages, and send them when they are enough for a transaction."""
        if not page.rows and not page.is_whole:
            return
        self._pages.append(page)
        if sum(len(page.rows) for page in self._pages) < PUSH_ROWS:
            return
        copying = row.copying
        if page.rows and page.table in TABLES:
            key = key_in(page.table, page.rows[-1])
            copying = Progress(self._plan.until, self._plan.is_whole, page.table.name, key).text
        self._sent += await self._pusher.push(self._pages, row._replace(copying=copying))
        self._pages = []

    async def _delete_gone(self, row: HostRow) -> None:
        """Delete subjects that the ledger has no more, and their rows: they were folded into others."""
        if self._plan.is_whole:
            return
        for table in SUBJECTS:
            if self._held is not None:
                count, newest = self._held.subjects[table.name]
                if self._now.subjects[table.name][0] == count + self._rows.count_after(table, newest):
                    continue
            gone = await self._pusher.subjects(table) - self._rows.subjects(table)
            if gone:
                tables = [each for each in (*USAGE, IMPORTS) if each is IMPORTS or meter_of(each) == meter_of(table)]
                await self._pusher.delete_subjects([*tables, table], sorted(gone), row)

    async def _cut(self, table: MirrorTable, oldest: int, row: HostRow) -> None:
        """Delete quarter hours that the ledger does not keep any more, a day in a transaction."""
        self._now.oldest[table.name] = oldest
        if self._held is not None and self._held.oldest[table.name] == oldest:
            return
        while (first := await self._pusher.oldest(table)) is not None and first < oldest:
            await self._flush(row)
            await self._pusher.delete_before(table, min(first + DAY_SECONDS, oldest), row)

    async def _flush(self, row: HostRow) -> None:
        if self._pages:
            self._sent += await self._pusher.push(self._pages, row)
            self._pages = []

    def _rollups(self) -> Iterator[RowPage]:
        held = self._held
        is_all = held is None or held.imports != self._now.imports or held.counted != self._now.counted
        if not is_all and self._first_day is None:
            return
        with self._reader.at_one_moment() as ledger:
            tables = list(rolled_up(ledger, None if is_all else self._first_day, self._plan.until))
        for table, found in tables:
            yield RowPage(table, found, None, is_last=True, is_whole=is_all)
