"""Keys of services over HTTP: they are given out once, and listed without what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from exporter.meters.requests.service_keys import RIGHTS
from exporter.web.context import CONTEXT, ServiceContext
from exporter.web.http.access import ACCESS
from exporter.web.http.ingest import intake_of, keep_keys
from exporter.web.http.queries import BadRequestError, NoQuery, Query
from exporter.web.http.responses import JSON, RefusedError, json_response
from exporter.web.http.routes import Routes
from reports.calendar.days import iso
from reports.formats.shapes import Answer

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from aiohttp import web

    from exporter.meters.requests.service_keys import ServiceKey

routes = Routes()

ServiceName = Annotated[str, Meta(description="The service, of at most 100 characters.", examples=["shop"])]
KeyRight = Annotated[
    str,
    Meta(
        description="What the key opens: it writes requests of its service (ingest), reads them (read), or both.",
        extra_json_schema={"enum": list(RIGHTS), "default": "ingest"},
    ),
]
KeyId = Annotated[
    str,
    Meta(description="Number of the key in the list.", examples=["1"], extra_json_schema={"pattern": "^[0-9]{1,9}$"}),
]


class NewKeyQuery(Query, frozen=True, kw_only=True):
    """A key of which service, for what."""

    service: ServiceName
    right: KeyRight = "ingest"


class OfKey(Query, frozen=True, kw_only=True):
    """One key."""

    id: KeyId


class KeyRow(Answer):
    """One key without what it is; times are ISO 8601 in the ledger's zone, `revoked` is null while it is valid."""

    id: int
    service: str
    right: str
    created: str
    revoked: str | None


class KeyList(Answer):
    """Every key, revoked ones included."""

    keys: list[KeyRow]


class CreatedKey(KeyRow):
    """A new key: `key` is shown here and never again."""

    key: str


class NamedService(msgspec.Struct, forbid_unknown_fields=True):
    """The service that a generated key is for; without, a new one."""

    service: ServiceName | None = None


@routes.door("/generate_key", "A new key, which writes and reads", JSON, body=(NamedService,), answers=(str,))
async def generate_key(request: web.Request, body: bytes) -> web.Response:
    """A key of a new service, service-1 and so on, or of the one that the body names; it writes and reads.

    Programs of this machine need no key for it. Where the service has a key or requests already, an admin key is
    needed.
    """
    context = request.app[CONTEXT]
    intake = intake_of(context)
    try:
        service = msgspec.json.decode(body, type=NamedService).service if body else None
    except msgspec.MsgspecError as error:
        raise RefusedError(422, [{"type": "value_error", "loc": ["body"], "msg": str(error)}]) from error
    is_known = service is not None and (intake.keys.knows(service) or intake.knows(service))
    if is_known and not await request.app[ACCESS].is_admin(request):
        raise RefusedError(403, "the service has a key or requests already: an admin key is needed for another one")
    text, key = intake.keys.new(service or intake.keys.unused_service(intake.knows), "both", context.now)
    await keep_keys(intake, key)
    return json_response(text)


@routes.service("GET", "/api/requests/keys", "Keys of services")
async def list_keys(context: ServiceContext, _query: NoQuery) -> KeyList:
    """Every key of a service: for what it is, when it was made and revoked; never the key."""
    return KeyList(keys=[KeyRow(**_row(key, context.zone)) for key in intake_of(context).keys.keys])


@routes.service("POST", "/api/requests/keys", "A new key of a service")
async def create_key(context: ServiceContext, query: NewKeyQuery) -> CreatedKey:
    """A new key; it is shown once, and only its hash is kept."""
    intake = intake_of(context)
    text, key = intake.keys.new(query.service, query.right, context.now)
    await keep_keys(intake, key)
    return CreatedKey(**_row(key, context.zone), key=text)


@routes.service("POST", "/api/requests/keys/{id}/revoke", "End a key")
async def revoke_key(context: ServiceContext, query: OfKey) -> KeyRow:
    """End a key: from now on it opens nothing."""
    intake = intake_of(context)
    key = intake.keys.numbered(_number(query.id))._replace(revoked=int(context.now))
    await keep_keys(intake, key)
    return KeyRow(**_row(key, context.zone))


@routes.service("POST", "/api/requests/keys/{id}/rotate", "Replace a key")
async def rotate_key(context: ServiceContext, query: OfKey) -> CreatedKey:
    """A new key of the same service and right; the old one ends at the same moment."""
    intake = intake_of(context)
    old = intake.keys.numbered(_number(query.id))
    text, key = intake.keys.new(old.service, old.right, context.now)
    await keep_keys(intake, key, old._replace(revoked=int(context.now)))
    return CreatedKey(**_row(key, context.zone), key=text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):  # noqa: PLR2004 - what is no id is not counted
        raise BadRequestError(f"id: {text!r} is refused; use a number of the list")
    return int(text)


def _row(key: ServiceKey, zone: ZoneInfo) -> dict[str, Any]:
    revoked = iso(key.revoked, zone) if key.revoked else None
    return {
        "id": key.id,
        "service": key.service,
        "right": key.right,
        "created": iso(key.created, zone),
        "revoked": revoked,
    }
