"""Ledgers of several machines in one mirror, by the product's own sender."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any
from uuid import UUID

from exporter.ledger.files import connect_to_read
from exporter.mirror.creating import complete
from exporter.mirror.forgetting import forget_host
from exporter.mirror.sending import MirrorSource, Sender
from reports.ledger.host import Host

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA = "netledger"


async def create_mirror(connection: Any) -> None:
    """Its tables, unless they are there."""
    await complete(connection, SCHEMA)


def ledger_id(ledger: Path) -> str:
    """The id of a ledger, 32 digits."""
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        (found,) = connection.execute("SELECT value FROM state WHERE name = 'ledger_id'").fetchone()
    return str(found)


async def mirror_ledger(connection: Any, ledger: Path, name: str, *, sent_at: int, generation: str = "") -> None:
    """Have the mirror hold what a ledger holds now; another generation is that of a ledger that was restored."""

    async def put_state(states: Mapping[str, str | None]) -> None:
        put_states(ledger, states)

    if generation:
        put_states(ledger, {"generation": generation})
    sender = Sender(MirrorSource(Host(name, "", "Linux", "1.0"), ""), SCHEMA, put_state)
    with contextlib.closing(connect_to_read(ledger)) as source:
        await sender.round(connection, source, 0)
    host = UUID(ledger_id(ledger))
    await connection.execute(f"UPDATE {SCHEMA}.host SET sent_at = $2 WHERE host = $1", host, sent_at)  # noqa: S608 - our own


async def forget_machine(connection: Any, ledger: Path) -> None:
    """Remove a machine from the mirror."""
    await forget_host(connection, SCHEMA, UUID(ledger_id(ledger)))


def put_states(ledger: Path, states: Mapping[str, str | None]) -> None:
    """Write rows of the table `state`, or delete them."""
    with contextlib.closing(sqlite3.connect(ledger, isolation_level=None, timeout=30)) as connection:
        for name, value in states.items():
            connection.execute("DELETE FROM state WHERE name = ?", (name,))
            if value is not None:
                connection.execute("INSERT INTO state (name, value) VALUES (?, ?)", (name, value))
