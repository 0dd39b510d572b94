"""A ledger's copy in a mirror, by plain SQL: every row as the ledger has it, as often as it is asked for."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from exporter.ledger.files import connect_to_read
from exporter.mirror.tables import HOST_DAYS, HOST_MONTHS, HOSTS, IMPORTS, SUBJECTS, USAGE, creation
from reports.calendar.days import day_from_number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from exporter.mirror.tables import MirrorTable

SCHEMA = "netledger"


async def create_mirror(connection: Any) -> None:
    """Its tables."""
    for statement in creation(SCHEMA):
        await connection.execute(statement)


def ledger_id(ledger: Path) -> str:
    """The id of a ledger, 32 digits."""
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        (found,) = connection.execute("SELECT value FROM state WHERE name = 'ledger_id'").fetchone()
    return str(found)


async def mirror_ledger(
    connection: Any, ledger: Path, name: str, *, sent_at: int, generation: str = "1", zone: str = "UTC"
) -> None:
    """Have the mirror hold what a ledger holds now, and nothing else of its machine."""
    host = UUID(ledger_id(ledger))
    with contextlib.closing(connect_to_read(ledger)) as source:
        (posting,) = source.execute("SELECT ifnull(max(posting), 0) FROM meter").fetchone()
        async with connection.transaction():
            for table in (*SUBJECTS, *USAGE, IMPORTS):
                query = f"SELECT {', '.join(table.columns)} FROM {table.name}"  # noqa: S608 - our own tables
                await _replace(connection, table, host, source.execute(query))
            days = source.execute("""
                SELECT day, sum(receive_bytes), sum(transmit_bytes), sum(estimated_bytes) FROM interface_by_day
                WHERE counted = 1 GROUP BY day
            """).fetchall()
            await _replace(connection, HOST_DAYS, host, ((*row, posting) for row in days))
            months: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
            for day, *amounts in days:
                at = day_from_number(day)
                for month in (0, at.year * 100 + at.month):
                    months[month] = [one + other for one, other in zip(months[month], amounts, strict=True)]
            await _replace(connection, HOST_MONTHS, host, ((month, *found, posting) for month, found in months.items()))
            facts = (name, "Linux", "1.0", zone, "postgres", "m", generation, "t", posting, sent_at, 0)
            await _replace(connection, HOSTS, host, [facts])


async def forget_machine(connection: Any, ledger: Path) -> None:
    """Remove a machine from the mirror."""
    host = UUID(ledger_id(ledger))
    for table in (HOSTS, *SUBJECTS, *USAGE, IMPORTS, HOST_DAYS, HOST_MONTHS):
        await connection.execute(f"DELETE FROM {SCHEMA}.{table.name} WHERE host = $1", host)  # noqa: S608 - our own


async def _replace(connection: Any, table: MirrorTable, host: UUID, rows: Iterable[tuple[Any, ...]]) -> None:
    name = f"{SCHEMA}.{table.name}"
    await connection.execute(f"DELETE FROM {name} WHERE host = $1", host)  # noqa: S608 - our own tables
    marks = ", ".join(f"${place}" for place in range(1, len(table.columns) + 2))
    columns = ", ".join(("host", *table.columns))
    query = f"INSERT INTO {name} ({columns}) VALUES ({marks})"  # noqa: S608 - as above
    await connection.executemany(query, [(host, *row) for row in rows])
