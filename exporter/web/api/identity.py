"""The identity of the ledger over HTTP: a new one for a copied ledger, or to go on in another machine's place."""

from __future__ import annotations

from exporter.mirror.renewal import renew, take_over
from exporter.web.context import ServiceContext
from exporter.web.http.queries import NoQuery
from exporter.web.http.routes import Routes
from reports.calendar.days import iso
from reports.formats.shapes import Answer, Timestamp

routes = Routes()


class RenewedIdentity(Answer):
    """The ledger's new id, and since when a mirror has what it counts."""

    device_id: str
    mirrored_since: Timestamp


class MirrorTakenOver(Answer):
    """The id of the ledger that goes on with its rows of the mirror."""

    device_id: str


@routes.service("POST", "/api/host/renew", "A new identity of the ledger")
async def renew_identity(context: ServiceContext, _query: NoQuery) -> RenewedIdentity:
    """A new id, for a ledger that was copied from another machine; a mirror has it from the next midnight on."""
    zone, now = context.zone, context.now
    renewed = await context.upkeep.change(lambda connection: renew(connection, zone, now))
    context.adopt_identity(renewed.id)
    await context.upkeep.back_up_again()
    return RenewedIdentity(device_id=renewed.id, mirrored_since=iso(renewed.since, zone))


@routes.service("POST", "/api/host/take-over", "Go on in another machine's place")
async def take_over_rows(context: ServiceContext, _query: NoQuery) -> MirrorTakenOver:
    """Let the ledger go on, once, with the rows that another machine has sent under its id."""
    await context.upkeep.change(take_over)
    if context.mirror is not None:
        context.mirror.hurry()
    return MirrorTakenOver(device_id=context.host.id)
