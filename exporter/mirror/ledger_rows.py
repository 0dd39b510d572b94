"""What of a ledger goes into its mirror: pages of rows, each within a range of keys; memory is that of one page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.mirror.renewal import restrict
from exporter.mirror.tables import IMPORTS, SUBJECTS, USAGE
from reports.calendar.days import DAY_SECONDS
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from exporter.mirror.tables import MirrorTable

PAGE_ROWS = 1_000
"""A page is encoded in about 4 ms: nothing else of the service waits longer for it."""

INTERFACE_DAYS = INTERFACE.table("day")
Key = tuple[Any, ...]
Row = tuple[Any, ...]


class RowPage(NamedTuple):
    """Rows of a table: of the keys after `after` (None: from the first one on) up to that of the last row.

    Where the page `is_last`, it goes up to the end. `is_whole`: they are all rows of these keys.
    """

    table: MirrorTable
    rows: Sequence[Row]
    after: Key | None
    is_last: bool
    is_whole: bool = False

    @property
    def last(self) -> Key:
        """The key of the last row."""
        return key_in(self.table, self.rows[-1])


class Sweep(NamedTuple):
    """Which rows are wanted: those of postings after `after`.

    Of quarter hours and days, those that are not before `since`, and of quarter hours those from `slots_since` on (UTC
    seconds). `is_whole`: all rows are wanted, and what the mirror has besides is to go.
    """

    after: int
    since: int
    slots_since: int
    is_whole: bool


def key_in(table: MirrorTable, row: Row) -> Key:
    """The key of a row: its first columns."""
    return tuple(row[: len(table.key)])


TABLES = (*SUBJECTS, IMPORTS, *USAGE)
"""In the order in which they are sent."""


class LedgerRows:
    """Reads over one connection, a page in a transaction of its own: a slow network holds nothing up."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """The connection may be read-only; of a ledger that was renewed, it sees from now on what is mirrored."""
        self._connection = connection
        self.states: dict[str, str] = dict(connection.execute("SELECT name, value FROM state"))
        """The rows of the table `state` as they were."""
        restrict(connection, self.states)

    def newest_posting(self) -> int:
        """The number of the last posting; every row of it can be read from now on."""
        return int(self._ask("SELECT ifnull(max(posting), 0) FROM meter"))

    def newest_sample(self) -> int:
        """When the last posting was sampled (UTC seconds)."""
        return int(self._ask("SELECT ifnull(max(wall), 0) FROM meter")) // 10**9

    def pages(self, table: MirrorTable, sweep: Sweep, after: Key | None = None) -> Iterator[RowPage]:
        """A table's pages from a key on; without rows an empty one, by which the mirror's table may be emptied."""
        while True:
            rows = self._page(table, sweep, after)
            is_last = len(rows) < PAGE_ROWS
            yield RowPage(table, rows, after, is_last, sweep.is_whole)
            if is_last:
                return
            after = key_in(table, rows[-1])

    def behind(self, sweep: Sweep) -> int:
        """The number of rows of usage that a sweep wants."""
        return sum(
            self._connection.execute(
                f"SELECT count(*) FROM {table.name} WHERE posting > ? AND {table.key[0]} >= ?",  # noqa: S608 - names of the tables
                (sweep.after, _first_time(table, sweep)),
            ).fetchone()[0]
            for table in USAGE
        )

    def days_after(self, posting: int) -> set[int]:
        """The days of interfaces that a later posting has touched."""
        query = f"SELECT DISTINCT day FROM {INTERFACE_DAYS} WHERE posting > ?"  # noqa: S608 - a name of the spec
        return {day for (day,) in self._connection.execute(query, (posting,))}

    def subjects(self, table: MirrorTable) -> set[int]:
        """The numbers of a meter's subjects."""
        return {number for (number,) in self._connection.execute(f"SELECT subject FROM {table.name}")}  # noqa: S608 - names of the tables

    def count(self, table: MirrorTable) -> int:
        """The number of a table's rows."""
        return int(self._ask(f"SELECT count(*) FROM {table.name}"))  # noqa: S608 - as above

    def count_after(self, table: MirrorTable, subject: int) -> int:
        """The number of subjects that are newer than one: numbers are never used again."""
        query = f"SELECT count(*) FROM {table.name} WHERE subject > ?"  # noqa: S608 - names of the tables
        return int(self._connection.execute(query, (subject,)).fetchone()[0])

    def newest(self, table: MirrorTable) -> int:
        """The newest subject's number; 0 without any."""
        return int(self._ask(f"SELECT ifnull(max(subject), 0) FROM {table.name}"))  # noqa: S608 - as above

    def oldest(self, table: MirrorTable) -> int | None:
        """The oldest time of a table's rows."""
        found = self._connection.execute(f"SELECT min({table.key[0]}) FROM {table.name}").fetchone()[0]  # noqa: S608 - as above
        return None if found is None else int(found)

    def imports_mark(self) -> Row:
        """What has another value when imports have changed."""
        query = (
            "SELECT count(*), total(receive_bytes), total(transmit_bytes), total(first_day * 1.0 * subject), "
            "total(last_day), max(source), min(source) FROM imported"
        )
        return tuple(self._connection.execute(query).fetchone())

    def facts(self, table: MirrorTable) -> frozenset[Row]:
        """The subjects of a meter whose facts may change, with their facts; of another meter none."""
        names = [name for name in INTERFACE.facts if name in table.types]
        query = f"SELECT subject, {', '.join(names)} FROM {table.name}"  # noqa: S608 - names of the tables
        return frozenset(self._connection.execute(query)) if names else frozenset()

    def counted(self) -> frozenset[int]:
        """The subjects of the interfaces that count."""
        query = f"SELECT subject FROM {INTERFACE.subjects} WHERE counted"  # noqa: S608 - a name of the spec
        return frozenset(number for (number,) in self._connection.execute(query))

    def _page(self, table: MirrorTable, sweep: Sweep, after: Key | None) -> list[Row]:
        parameters: list[Any] = list(after or ())
        if "posting" in table.types:
            parameters += [sweep.after, _first_time(table, sweep)]
        return self._connection.execute(_query(table, is_first=after is None), parameters).fetchall()

    def _ask(self, query: str) -> Any:
        return self._connection.execute(query).fetchone()[0]


@cache
def _query(table: MirrorTable, *, is_first: bool) -> str:
    key = ", ".join(table.key)
    conditions = [] if is_first else [f"({key}) > ({', '.join('?' * len(table.key))})"]
    if "posting" in table.types:
        conditions += ["posting > ?", f"{table.key[0]} >= ?"]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(table.columns)} FROM {table.name}{where} ORDER BY {key} LIMIT {PAGE_ROWS}"  # noqa: S608 - names of the tables


def _first_time(table: MirrorTable, sweep: Sweep) -> int:
    """Days are those of the ledger's zone, which may begin a day before or after those of UTC."""
    if table.key[0] == "day":
        return sweep.since // DAY_SECONDS - 1
    return max(sweep.since, sweep.slots_since)
