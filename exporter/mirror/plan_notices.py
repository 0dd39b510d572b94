"""Rows of the mirror that say which machine tells a threshold of a plan that several machines share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from exporter.mirror.connecting import UNREADABLE, faults
from exporter.mirror.faults import fault_of
from exporter.mirror.tables import NOTICES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import asyncpg

NOBODY = UUID(int=0)
"""The host of these rows: they belong to all machines."""

MOST_SECONDS = 20.0
CLOSE_SECONDS = 2.0
KEY = "host = $1 AND plan = $2 AND cycle = $3"


class NoticesAwayError(OSError):
    """The mirror cannot be asked now; the text says why."""


class Threshold(Protocol):
    """A plan's name in the mirror, the number of its cycle's first day, and the percentage."""

    @property
    def plan(self) -> str:
        """The plan's name."""

    @property
    def cycle(self) -> int:
        """The number of a day."""

    @property
    def what(self) -> str:
        """The percentage."""


class PlanNotices:
    """Reads and adds rows, each by a connection of its own: a notice is rare."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection[Any]]], schema: str, own: str) -> None:
        """`own` is the id of this machine's ledger."""
        self._connect, self._table, self._own = connect, f"{schema}.{NOTICES.name}", own

    async def read(self, claim: Threshold) -> Mapping[str, str]:
        """The rows of a threshold: the id of the machine that added each. Raises NoticesAwayError."""
        query = f"SELECT what, told_by FROM {self._table} WHERE {KEY} AND (what = $4 OR left(what, $5) = $4 || ' ')"  # noqa: S608 - our own table
        rows = await self._fetch(query, claim, claim.what, len(claim.what) + 1)
        return {row["what"]: row["told_by"] for row in rows}

    async def add(self, claim: Threshold, what: str) -> bool:
        """Add a row for this machine; False if there is one. Raises NoticesAwayError."""
        query = f"""
            INSERT INTO {self._table} (host, plan, cycle, what, told_by) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (host, plan, cycle, what) DO NOTHING RETURNING what
        """  # noqa: S608 - our own table
        return bool(await self._fetch(query, claim, what, self._own))

    async def _fetch(self, query: str, claim: Threshold, *rest: object) -> Any:
        arguments = (NOBODY, claim.plan, claim.cycle, *rest)
        expected: tuple[type[Exception], ...] = (*faults(), *UNREADABLE)
        try:
            return await asyncio.wait_for(self._fetched(query, arguments), MOST_SECONDS)
        except expected as error:
            raise NoticesAwayError(fault_of(error).text) from error

    async def _fetched(self, query: str, arguments: tuple[object, ...]) -> Any:
        connection = await self._connect()
        try:
            async with connection.transaction():
                found = await connection.fetch(query, *arguments)
            await connection.close(timeout=CLOSE_SECONDS)
            return found
        finally:
            if not connection.is_closed():
                connection.terminate()
