"""Makes the tables of a mirror where they are missing."""

from __future__ import annotations

from typing import Any

from exporter.mirror.tables import HOSTS, TABLES, creation

HELD = "SELECT table_name FROM information_schema.tables WHERE table_schema = $1::text"


async def missing(connection: Any, schema: str) -> list[str]:
    """The names of tables that the mirror lacks, as far as this login may see them."""
    held = {name for (name,) in await connection.fetch(HELD, schema)}
    return [table.name for table in TABLES if table.name not in held]


async def complete(connection: Any, schema: str) -> list[str]:
    """Make what is missing, and return its names; where a mirror was there, every machine is told to send all again.

    Raises what the server says to a login that may not.
    """
    lacking = await missing(connection, schema)
    if not lacking:
        return []
    if HOSTS.name not in lacking:  # before the tables: who is cut off in between has forgotten nothing
        await connection.execute(f"UPDATE {schema}.{HOSTS.name} SET posting = -1, copying = ''")  # noqa: S608 - a name that the settings accept
    for statement in creation(schema):
        await connection.execute(statement)
    return lacking
