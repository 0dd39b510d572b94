"""How large a mirror is, and how many quarter hours of each machine it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.formats.json.ledger import MirrorFigures
from reports.ledger.shape import SPECS

if TYPE_CHECKING:
    from typing import Any

    import asyncpg

TABLE_SIZES = """
SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
"""


class MirrorSize(NamedTuple):
    """Bytes of the tables by name, with their indexes, and rows of quarter hours by machine; times are UTC seconds."""

    tables: dict[str, int]
    slots: dict[str, int]
    oldest: int | None
    newest: int | None

    @property
    def figures(self) -> MirrorFigures:
        """The same as JSON is shaped of."""
        slots, days, months = (self._of_tables(suffix) for suffix in ("_slot", "_day", "_month"))
        total = sum(self.tables.values())
        return MirrorFigures(total, slots, days, months, self.slots, self.oldest, self.newest)

    def _of_tables(self, suffix: str) -> int:
        return sum(size for name, size in self.tables.items() if name.endswith(suffix))


async def read_size(connection: asyncpg.Connection[Any], schema: str) -> MirrorSize:
    """The size of a mirror; counts every row of quarter hours."""
    tables = {str(name): int(size) for name, size in await connection.fetch(TABLE_SIZES, schema)}
    slots = " UNION ALL ".join(f"SELECT host, slot FROM {schema}.{spec.table('slot')}" for spec in SPECS)
    query = f"SELECT host, count(*), min(slot), max(slot) FROM ({slots}) AS u GROUP BY host ORDER BY host"
    rows = await connection.fetch(query)
    return MirrorSize(
        tables,
        {host.hex: count for host, count, _, _ in rows},
        min((row[2] for row in rows), default=None),
        max((row[3] for row in rows), default=None),
    )
