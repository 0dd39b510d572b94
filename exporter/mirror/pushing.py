"""Transactions that write a machine's pages into its mirror: each checks that nobody else has written since."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from exporter.mirror import statements
from exporter.mirror.identity import IdentityError, OtherLoginError
from exporter.mirror.tables import HOSTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from uuid import UUID

    from exporter.mirror.ledger_rows import RowPage
    from exporter.mirror.tables import MirrorTable

HOST_COLUMNS = HOSTS.columns
OF_ANOTHER_LOGIN = (
    "the mirror has this ledger's rows under another login: use the url that this machine was given before, or let the "
    "owner put the new login into `role` of this machine's row in the table host"
)
JUST_SENT = "another copy of this ledger has just sent to the mirror: `netledger host renew` on one of the two"
ONE_REPLACED = "UPDATE 1"
"""What the server says of a statement that changed one row."""


class ChangedHostError(IdentityError):
    """The host's row is not as it was expected to be."""


class HostRow(NamedTuple):
    """A machine's row of the mirror; see tables.HOSTS."""

    name: str
    system: str
    version: str
    zone: str
    role: str
    machine: str
    generation: str
    token: str
    posting: int
    copying: str
    sent_at: int
    slots_since: int

    def parameters(self) -> tuple[Any, ...]:
        """What `statements.replace_host` takes of a row."""
        return tuple(value for name, value in zip(HOST_COLUMNS, self, strict=True) if name != "role")


class Pusher:
    """Writes over one connection into one schema, for one host, from a state of its row that it has read."""

    def __init__(self, connection: Any, schema: str, host: UUID, row: HostRow | None = None) -> None:
        """`connection` is asyncpg's, `row` the host's as it is expected to be: without one, `read` comes first."""
        self._connection, self._schema, self._host = connection, schema, host
        self.row = HostRow("", "", "", "", "", "", "", "", -1, "", 0, 0) if row is None else row
        """The host's row as of the last transaction."""

    async def read(self, machine: str) -> HostRow:
        """Read the host's row, after making it where there is none; raises OtherLoginError."""
        query = statements.read_host(self._schema)
        row = await self._connection.fetchrow(query, self._host)
        if row is None:
            await self._connection.execute(statements.claim(self._schema), self._host, machine)
            row = await self._connection.fetchrow(query, self._host)
        if row is None:
            raise OtherLoginError(OF_ANOTHER_LOGIN)
        self.row = HostRow(*row)
        return self.row

    async def push(self, pages: Sequence[RowPage], after: HostRow) -> int:
        """Write pages and the host's row in one transaction; returns the number of rows sent.

        Raises ChangedHostError if the host's row is not as it was after the transaction before, and OtherLoginError.
        """
        async with self._writing(after):
            for page in pages:
                await self._put(page)
        return sum(len(page.rows) for page in pages)

    async def delete_subjects(self, tables: Sequence[MirrorTable], subjects: Sequence[int], after: HostRow) -> None:
        """Delete all rows of subjects."""
        async with self._writing(after):
            for table in tables:
                await self._connection.execute(
                    statements.delete_subjects(table, self._schema), self._host, list(subjects)
                )

    async def delete_before(self, table: MirrorTable, time: int, after: HostRow) -> None:
        """Delete a table's rows of before a time."""
        async with self._writing(after):
            await self._connection.execute(statements.delete_before(table, self._schema), self._host, time)

    async def oldest(self, table: MirrorTable) -> int | None:
        """The oldest time of a table's rows of the host."""
        found: int | None = await self._connection.fetchval(statements.oldest(table, self._schema), self._host)
        return found

    async def subjects(self, table: MirrorTable) -> set[int]:
        """The numbers of a meter's subjects in the mirror."""
        rows = await self._connection.fetch(statements.subjects(table, self._schema), self._host)
        return {number for (number,) in rows}

    @asynccontextmanager
    async def _writing(self, after: HostRow) -> AsyncIterator[None]:
        """A transaction that begins with the host's row: nobody else writes until it ends."""
        async with self._connection.transaction():
            query, former = statements.replace_host(self._schema), self.row.parameters()
            done = await self._connection.execute(query, self._host, *after.parameters(), *former)
            if done != ONE_REPLACED:
                await self._refuse()
            yield
        self.row = after

    async def _refuse(self) -> NoReturn:
        query = statements.read_host(self._schema, to_write=True)
        if await self._connection.fetchrow(query, self._host) is None:
            raise OtherLoginError(OF_ANOTHER_LOGIN)
        raise ChangedHostError(JUST_SENT)

    async def _put(self, page: RowPage) -> None:
        table = page.table
        columns = [list(column) for column in zip(*page.rows, strict=True)] or [[] for _ in table.columns]
        if page.is_whole:
            is_first = page.after is None
            query = statements.delete_others(table, self._schema, is_first=is_first, is_last=page.is_last)
            bounds = (*(page.after or ()), *(() if page.is_last else page.last))
            await self._connection.execute(query, self._host, *columns[: len(table.key)], *bounds)
        if page.rows:
            await self._connection.execute(statements.upsert(table, self._schema), self._host, *columns)
