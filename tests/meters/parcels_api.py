"""What the meter of three dimensions answers over REST, its export and its metric families, as a meter brings them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from exporter.metrics.tables import Column, Table
from exporter.web.context import CONTEXT
from exporter.web.http.queries import NoQuery
from exporter.web.http.routes import LedgerRequest, Routes
from reports.ledger.amounts import by_dimension, every_day, rows_in_order
from reports.ledger.selection import Selection
from reports.ledger.sketches import decoded, quantiles
from tests.meters.parcels import PARCEL, ParcelsState

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader

routes = Routes()
ALL = Selection(PARCEL, "all parcels")


class Sender(msgspec.Struct):
    """Parcels of one sender."""

    sender: str
    bytes_received: int
    parcels: int
    largest_bytes: int
    median_bytes: float | None


@routes.question("/api/parcels", "Parcels by sender")
def parcels(request: LedgerRequest, _query: NoQuery) -> list[Sender]:
    """Parcels of all time by sender, what is not posted yet included."""
    columns = ("receive_bytes", "parcels", "largest_bytes", "size_sketch")
    found = by_dimension(request.ledger, every_day(ALL), columns, ("sender",))
    return [
        Sender(key[0], received, count, largest, next(iter(quantiles(decoded(sketch), (50,))), None))
        for key, (received, count, largest, sketch) in found.items()
    ]


@routes.page("/api/parcels/export", "Parcels by day", "text/csv")
async def export(request: web.Request) -> web.Response:
    """A line for each day and subject."""

    def lines(ledger: LedgerReader) -> str:
        rows = rows_in_order(ledger, every_day(ALL), ("receive_bytes", "parcels"))
        return "".join(",".join(map(str, row)) + "\r\n" for row in rows)

    return web.Response(text=await request.app[CONTEXT].ask_patiently(lines), content_type="text/csv")


TABLE: Table[tuple[str, int]] = Table(
    ("sender",),
    lambda state: _rows(state.snapshot.meters[PARCEL.name].state),
    lambda row: (row[0],),
    (Column("netledger_parcels_total", "counter", "Parcels by sender.", lambda row: row[1]),),
)


def _rows(state: object) -> list[tuple[str, int]]:
    assert isinstance(state, ParcelsState)
    return [(key[0], number) for key, number in state.parcels.items()]
