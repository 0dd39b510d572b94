"""Quarter hours that are kept for 400 days: how large they are after 400 days, 800 and 1,200."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from exporter.mirror.address import parse_address
from exporter.mirror.connecting import connect
from exporter.mirror.ledger_rows import RowPage
from exporter.mirror.pushing import Pusher
from exporter.mirror.tables import usage_table
from reports.ledger.shape import INTERFACE
from tests.bench.rows import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = "netledger"
KEPT_DAYS, TIMES, INTERFACES = 400, 3, 2
SLOT, DAY = 900, 86_400
MOST = 1.25
VACUUM_DAYS = 80
"""A server's own vacuum comes when a fifth of a table is dead: of 400 days, after 80."""


async def rows(url: str, owner: Any) -> list[Row]:
    """Sizes of table and index; `url` is the address of a machine, `owner` the connection of the owner."""
    connection, table = await connect(parse_address(url)), usage_table(INTERFACE, "slot")
    pusher = Pusher(connection, SCHEMA, uuid.uuid4())
    state = (await pusher.read("bench"))._replace(name="retention")
    await owner.execute(f"DELETE FROM {SCHEMA}.{table.name}")  # noqa: S608 - our own
    await owner.execute(f"VACUUM FULL {SCHEMA}.{table.name}")
    sizes: list[int] = []
    for day in range(KEPT_DAYS * TIMES):
        await pusher.push([RowPage(table, _day_of_slots(day, len(table.types)), None, is_last=False)], state)
        if day >= KEPT_DAYS:
            await pusher.delete_before(table, (day - KEPT_DAYS + 1) * DAY, state)
        if day % VACUUM_DAYS == VACUUM_DAYS - 1:
            await owner.execute(f"VACUUM {SCHEMA}.{table.name}")
        if day % KEPT_DAYS == KEPT_DAYS - 1:
            sizes.append(await owner.fetchval("SELECT pg_total_relation_size($1)", f"{SCHEMA}.{table.name}"))
    await connection.close()
    first, *later = sizes
    return [
        Row(
            f"mirror: quarter hours of {KEPT_DAYS} days after {number * KEPT_DAYS:,} days, as a share of {KEPT_DAYS}",
            "x",
            MOST,
            (size / first,),
        )
        for number, size in enumerate(later, start=2)
    ]


def _day_of_slots(day: int, columns: int) -> Sequence[tuple[int, ...]]:
    return [
        (day * DAY + number * SLOT, subject, *([day + number] * (columns - 3)), day)
        for number in range(DAY // SLOT)
        for subject in range(1, INTERFACES + 1)
    ]
