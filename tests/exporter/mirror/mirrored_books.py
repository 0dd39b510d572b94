"""A ledger with a mirror: the product's own sender, over a real connection."""

from __future__ import annotations

import contextlib
import copy
import sqlite3
from typing import TYPE_CHECKING, Any

from exporter.ledger.files import connect_to_read
from exporter.ledger.writing.touched import ALWAYS, NEVER
from exporter.mirror.sending import MirrorSource, Sender
from exporter.mirror.verifying import Verified, verify
from reports.ledger.host import Host
from reports.ledger.shape import SPECS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from exporter.mirror.sending import Sent

SCHEMA, MACHINE_ID = "netledger", "5c1f0e8a6b7d4c2f9e3a1b0c8d7e6f5a"
TABLES = (
    "imported",
    *(spec.subjects for spec in SPECS),
    *(f"{spec.name}_{g}" for spec in SPECS for g in ("slot", "day")),
)


class MirroredLedger:
    """One process of a service: it ends with `forget`, after which a new sender finds out what the mirror has."""

    def __init__(
        self,
        path: Path,
        connection: Any,
        *,
        touched: Callable[[], int] = lambda: ALWAYS,
        machine_id: str = MACHINE_ID,
        slot_seconds: int | None = None,
    ) -> None:
        """`connection` is asyncpg's, to a database that has the mirror's tables; `touched` as a writer's `take`."""
        self.path, self.connection, self.machine_id = path, connection, machine_id
        self._touched, self._slot_seconds, self._since = touched, slot_seconds, ALWAYS
        self.sender = self._new_sender()

    def forget(self) -> None:
        """Begin as a new process does."""
        self.sender, self._since = self._new_sender(), ALWAYS

    def resume(self, other: MirroredLedger) -> None:
        """Go on as the process of another one, as a machine does that was cloned with its memory."""
        self.sender, self._since = copy.copy(other.sender), other._since
        self.sender._put_state = self._put_state

    async def round(self) -> Sent:
        """Send; after a failure, what was touched before is still to be looked at."""
        self._since = min(self._since, self._touched())
        with contextlib.closing(connect_to_read(self.path)) as ledger:
            sent = await self.sender.round(self.connection, ledger, self._since)
        self._since = NEVER
        return sent

    async def differences(self) -> Verified:
        """What `netledger mirror verify` finds."""
        with contextlib.closing(connect_to_read(self.path)) as ledger:
            found = await verify(self.connection, ledger, SCHEMA, machine_id=self.machine_id)
        assert found is not None
        return found

    async def unequal_tables(self) -> list[str]:
        """Tables that are not the same, compared without any code of the product."""
        unequal = []
        for table in TABLES:
            ours = sorted(_rows(self.path, table), key=repr)
            listed = ", ".join(ours[0]) if ours else "subject"
            query = f"SELECT {listed} FROM {SCHEMA}.{table}"  # noqa: S608 - our own names
            theirs = sorted((dict(row) for row in await self.connection.fetch(query)), key=repr)
            if (ours != theirs) if ours else theirs:
                unequal.append(table)
        return unequal

    def _new_sender(self) -> Sender:
        host = Host("laptop", "", "Linux", "1.0")
        return Sender(MirrorSource(host, self.machine_id, self._slot_seconds), SCHEMA, self._put_state)

    async def _put_state(self, states: Mapping[str, str | None]) -> None:
        put_states(self.path, states)


def put_states(path: Path, states: Mapping[str, str | None]) -> None:
    """Write rows of the table `state`, or delete them, as the service does on its writer's thread."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        for name, value in states.items():
            connection.execute("DELETE FROM state WHERE name = ?", (name,))
            if value is not None:
                connection.execute("INSERT INTO state (name, value) VALUES (?, ?)", (name, value))


def _rows(path: Path, table: str) -> Iterator[dict[str, Any]]:
    with contextlib.closing(connect_to_read(path)) as connection:
        connection.row_factory = sqlite3.Row
        yield from (dict(row) for row in connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 - our own names
