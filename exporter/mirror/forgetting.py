"""Removing a machine that is gone from the mirror: its rows are in every answer for several machines until then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.mirror import statements
from exporter.mirror.group.hosts import UnknownHostError, labels_of, some_of
from exporter.mirror.rights import RightsError
from exporter.mirror.tables import HOSTS, OWN

if TYPE_CHECKING:
    from uuid import UUID

    from asyncpg import Connection


class HeldHost(NamedTuple):
    """A machine of the mirror, its name beside the others, and when it sent last (UTC seconds)."""

    host: UUID
    label: str
    sent_at: int


async def find_host(connection: Connection[Any], schema: str, word: str) -> HeldHost:
    """The machine of a name or an id; raises UnknownHostError."""
    rows = await connection.fetch(f"SELECT host, name, sent_at FROM {schema}.{HOSTS.name}")  # noqa: S608 - a name that the settings accept
    held = {row["host"].hex: row for row in rows}
    labels = labels_of((host, row["name"]) for host, row in held.items())
    for host, label in labels.items():
        if word in {host, label}:
            return HeldHost(held[host]["host"], label, held[host]["sent_at"])
    raise UnknownHostError(f"the mirror has no machine {word!r}; of these there are rows: {some_of(labels)}")


async def forget_host(connection: Connection[Any], schema: str, host: UUID) -> int:
    """Delete all rows of a machine, in one transaction; returns how many. Raises RightsError."""
    async with connection.transaction():
        if await connection.fetchrow(statements.read_host(schema, to_write=True), host) is None:
            raise RightsError("this login may not remove that machine: use the address of the database's owner")
        done = [await connection.execute(statements.delete_all(table, schema), host) for table in (*OWN, HOSTS)]
    return sum(int(text.rpartition(" ")[2]) for text in done)
