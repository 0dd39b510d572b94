"""Doors: the paths at which services report requests and read them, with the right that each needs."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from aiohttp import web

if TYPE_CHECKING:
    from exporter.meters.requests.service_keys import Right

Style: TypeAlias = Literal["error", "detail", "status", "rpc"]
"""Shapes of errors: {"error"} is our own, {"detail"} and {"status", "message"} are those of compatible clients.

"rpc" is a google.rpc.Status in the encoding of the request, as OpenTelemetry's clients read it.
"""

SMALL_BODY, BATCH_BODY, TRACE_BODY, IMPORT_BODY = 1 << 16, 1 << 20, 8 << 20, 8 << 20
"""Bytes that a body may have, decompressed: of most paths, of batches in JSON, of OpenTelemetry, of imports."""

SERVICE = web.RequestKey("service", str)
"""Where a request has the name of the service whose key it shows."""

NO_SERVICES_KEY = "a key of the service is needed as X-API-Key: `netledger requests key create SERVICE` makes one"
FORWARDED = frozenset({"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"})


class DoorAccess(NamedTuple):
    """What a path takes.

    `right` is what a service's key must have for it; None: no key of a service opens it. `needs_key` where it is not
    open to this machine as other paths are; `is_open_here` where programs of this machine need no key even to change
    something; `has_own_key` where the body holds the key, which the handler checks.
    """

    right: Right | None
    largest_body: int = SMALL_BODY
    style: Style = "error"
    needs_key: bool = False
    is_open_here: bool = False
    has_own_key: bool = False

    @property
    def explains_keys(self) -> bool:
        """True where who reports without a key may hear how to make one: other clients know a text of their own."""
        return self.right == "ingest" and self.style in {"error", "rpc"}


READING = DoorAccess("read")
DOORS = {
    ("POST", "/track"): DoorAccess("ingest", style="detail", needs_key=True),
    ("POST", "/generate_key"): DoorAccess(None, style="detail", is_open_here=True),
    ("GET", "/raw_logs"): DoorAccess("read", style="detail", needs_key=True),
    ("POST", "/api/log-request"): DoorAccess("ingest", BATCH_BODY, "status", has_own_key=True),
    ("POST", "/api/requests"): DoorAccess("ingest", BATCH_BODY, "status", has_own_key=True),
    ("POST", "/api/requests/track"): DoorAccess("ingest", BATCH_BODY, needs_key=True),
    ("GET", "/api/requests/keys"): DoorAccess(None),
    ("POST", "/api/requests/import"): DoorAccess(None, IMPORT_BODY, needs_key=True),
    ("POST", "/api/imports"): DoorAccess(None, IMPORT_BODY, needs_key=True),
    ("POST", "/api/imports/requests"): DoorAccess(None, IMPORT_BODY, needs_key=True),
    ("POST", "/v1/traces"): DoorAccess("ingest", TRACE_BODY, "rpc", is_open_here=True),
    ("POST", "/v1/metrics"): DoorAccess("ingest", TRACE_BODY, "rpc", is_open_here=True),
    ("POST", "/v1/logs"): DoorAccess("ingest", TRACE_BODY, "rpc", is_open_here=True),
}
DASHBOARD, READ_PATHS = "/dashboard", "/api/requests"
DASHBOARD_JSON = DoorAccess("read", style="detail", needs_key=True)
STYLES: dict[str, Style] = {path: door.style for (_, path), door in DOORS.items() if path != READ_PATHS}


def door_of(request: web.Request) -> DoorAccess | None:
    """The door that a request is at; None for every other path."""
    method = "GET" if request.method == "HEAD" else request.method
    if method == "GET" and request.path == DASHBOARD:
        return DASHBOARD_JSON if wants_json(request) else None
    return door_at(method, request.path)


def door_at(method: str, path: str) -> DoorAccess | None:
    """The door at a path; None for every other path."""
    found = DOORS.get((method, path))
    if found is None and method == "GET" and (path == READ_PATHS or path.startswith(f"{READ_PATHS}/")):
        return READING
    return found


def style_of(request: web.Request) -> Style:
    """The shape of errors at a path, also of those before its handler."""
    door = door_of(request)
    return door.style if door is not None else STYLES.get(request.path, "error")


def wants_json(request: web.Request) -> bool:
    """True for a client of /dashboard that is no browser: it does not name HTML, and shows a key or accepts JSON."""
    accept = request.headers.get("Accept", "")
    return "text/html" not in accept and ("X-API-Key" in request.headers or "application/json" in accept)


def key_text(request: web.Request) -> str:
    """The key that a request shows; "" without any."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return request.headers.get("X-API-Key") or (token if scheme.lower() == "bearer" else "")


def service_of(request: web.Request) -> str | None:
    """The service whose key the request shows; None for one who may read and write for all."""
    return request.get(SERVICE)


def is_own_machine(request: web.Request) -> bool:
    """True for a client on this machine that is no proxy for others."""
    if not FORWARDED.isdisjoint(request.headers):
        return False
    try:
        found = ipaddress.ip_address((request.remote or "").partition("%")[0])
    except ValueError:
        return False
    return found.is_loopback or bool(found.version == 6 and found.ipv4_mapped and found.ipv4_mapped.is_loopback)  # noqa: PLR2004 - IPv6
