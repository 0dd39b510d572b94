"""Access: checks of Host and Origin against rebinding and forgery, of keys and passwords in constant time."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import HttpVersion11, web

from exporter.identity import host_name
from exporter.meters.requests.key_ring import KeyRing
from exporter.tls.basic_auth import BasicAuth
from exporter.web.http.doors import NO_SERVICES_KEY, SERVICE, door_of, is_own_machine, key_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.meters.requests.service_keys import Right, ServiceKey
    from exporter.settings.tree import Settings
    from exporter.tls.web_config import WatchedWebConfig, WebConfig
    from exporter.web.attempts import Attempts
    from exporter.web.http.doors import DoorAccess

UNAUTHORIZED = 401
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/", "/dashboard", "/-/healthy", "/-/ready", "/api/openapi.json", "/api/docs"})
"""Paths that need no key: they say nothing about the machine, or check `data_refusal` first."""

ANY_HOST_PATHS = frozenset({"/metrics", "/-/healthy", "/-/ready"})
"""Paths that accept every Host, since scrapers use any name of the machine: rebinding reads metrics at most."""

HOST = re.compile(r"(?P<name>[^\s/?#@:%\\\[\]]+)(:\d{1,5})?|\[(?P<address>[0-9a-f:.]+(%[\w.-]+)?)\](:\d{1,5})?")
BEARER = {"WWW-Authenticate": 'Bearer realm="netledger"'}
LONGEST_KEY = 64
MISSING_KEY, INVALID_KEY = "Missing API Key", "Invalid API Key"
"""Texts of the paths that FastAPI's middleware knows."""

NOT_A_READER = "this key only writes: use a read key of the service, or an admin key"
NOT_A_WRITER = "this key only reads: use an ingest key of the service, or an admin key"
NOT_A_SERVICES = "a service's key does not open this: use an admin key"
TOO_MANY = "too many wrong keys came from your address"
KEY_IS_NEEDED = "an API key is needed: send it as X-API-Key"
CHANGES = (
    "changing something here needs a key, also on this machine: use the netledger command, "
    "or set auth.api_keys and send one as X-API-Key"
)
CROSS_SITE = (
    "cross-site requests may not change anything here; "
    "where a proxy asks by another Host than the browser, add the page's address to server.cors_origins"
)

ASSETS = "/assets/"
"""Scripts and styles of the page, which need no key."""


class Refusal(NamedTuple):
    """The response to a request that is not allowed."""

    status: int
    message: str
    headers: Mapping[str, str] = {}


class Access:
    """The access rules of one service."""

    def __init__(
        self,
        settings: Settings,
        attempts: Attempts,
        token: str,
        web_config: WatchedWebConfig | None = None,
        services: KeyRing | None = None,
    ) -> None:
        """Keys and hosts of the settings; users, where there are any, of the web config file; keys of services.

        `token` opens everything: it stands in the ledger's lock, which only the service's user can read.
        """
        self._keys = tuple(key.encode() for key in settings.auth.api_keys)
        self._attempts, self._token = attempts, token.encode()
        self._services = services or KeyRing()
        self._protects_metrics = settings.auth.protect_metrics
        self._origins = frozenset(settings.server.cors_origins)
        own = {"localhost", host_name().lower(), settings.server.host.lower()}
        self._hosts = own | {host.lower() for host in settings.server.allowed_hosts}
        self._domains = tuple(host[1:] for host in self._hosts if host.startswith("*."))
        self._web_config = web_config
        self._passwords: tuple[WebConfig, BasicAuth] | None = None
        self._checking = asyncio.Lock()

    @property
    def has_origins(self) -> bool:
        """True if pages of other origins may read the API."""
        return bool(self._origins)

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that the web config adds to every response."""
        return self._web_config.current().headers if self._web_config else {}

    async def refusal(self, request: web.Request) -> Refusal | None:
        """The refusal by the first rule that the request breaks; None if it is allowed."""
        if request.protocol.is_local and not self._has_token(request):  # type: ignore[attr-defined]  # ours
            return Refusal(401, "only commands of this machine are answered here")
        if (refused := self._host_refusal(request)) is not None:
            return refused
        if request.method not in SAFE_METHODS and not self._is_same_site(request):
            return Refusal(403, CROSS_SITE)
        if request.method == "OPTIONS" and self.allowed_origin(request) is not None:
            return None  # browsers ask whether they may send credentials without sending any
        if (door := door_of(request)) is not None:
            return await self._door_refusal(request, door)
        return await self._path_refusal(request)

    async def is_admin(self, request: web.Request) -> bool:
        """True for the token, an admin key or a password."""
        return await self._credentials_refusal(request, needs_key=True, always=True) is None

    def body_refusal(self, request: web.Request, text: str) -> Refusal | None:
        """The refusal of a key that a body holds; None for one that writes, whose service the request has from here."""
        key, address = self._services.find(text), request.remote or ""
        if key is not None:
            request[SERVICE] = key.service
            return _right_refusal(key, "ingest")
        if seconds := self._attempts.seconds_to_wait(address):
            return Refusal(429, TOO_MANY, {"Retry-After": str(seconds)})
        self._attempts.failed(address)
        return Refusal(401, INVALID_KEY)

    async def data_refusal(self, request: web.Request) -> Refusal | None:
        """The refusal of data in a page that needs no key to open; None if it is allowed."""
        return await self._credentials_refusal(request, needs_key=True)

    def allowed_origin(self, request: web.Request) -> str | None:
        """The request's Origin, if pages of that origin may read the API."""
        origin = request.headers.get("Origin")
        return origin if origin in self._origins else None

    def _host_refusal(self, request: web.Request) -> Refusal | None:
        """The refusal of an unknown Host. Browsers always send one; HTTP/1.0, which old probes use, has none."""
        headers = request.headers.getall("Host", [])
        if not headers and request.version < HttpVersion11:
            return None
        if len(headers) != 1:
            return Refusal(400, "one Host header is needed")
        if request.path in ANY_HOST_PATHS or self._is_own_host(headers[0]):
            return None
        return Refusal(403, "this Host is not served here: add it to server.allowed_hosts")

    def _is_own_host(self, header: str) -> bool:
        """True for addresses and known names: DNS rebinding needs a name."""
        found = HOST.fullmatch(header.lower())
        if found is None:
            return False
        host = found["name"] or ""
        if host in self._hosts or any(host.endswith(domain) for domain in self._domains):
            return True
        try:
            ipaddress.ip_address((found["address"] or host).partition("%")[0])
        except ValueError:
            return False
        return True

    def _is_same_site(self, request: web.Request) -> bool:
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if origin in self._origins:
            return True
        if site is not None and site not in {"same-origin", "none"}:
            return False
        return origin is None or origin.partition("://")[2] == request.headers.get("Host")

    async def _path_refusal(self, request: web.Request) -> Refusal | None:
        """The refusal at a path that is no door: no key of a service opens it, also where others need none."""
        needs_key = self._needs_key(request.path)
        if needs_key and self._services.find(key_text(request)) is not None:
            return Refusal(403, NOT_A_SERVICES)
        return await self._credentials_refusal(request, needs_key=needs_key)

    async def _door_refusal(self, request: web.Request, door: DoorAccess) -> Refusal | None:
        """The refusal at a door; the request has the service of its key from here.

        Keys of services are too long to guess: valid ones are not limited by attempts with others.
        """
        text = key_text(request)
        if (key := self._services.find(text)) is not None:
            request[SERVICE] = key.service
            return _right_refusal(key, door.right)
        if door.has_own_key:
            return None
        if door.is_open_here and not _shows_something(request) and is_own_machine(request):
            return None
        refused = await self._credentials_refusal(request, needs_key=True, always=door.needs_key)
        if refused is not None and refused.message == CHANGES and door.explains_keys:
            return refused._replace(message=NO_SERVICES_KEY)
        if refused is None or refused.status != UNAUTHORIZED or door.style != "detail":
            return refused
        return refused._replace(message=INVALID_KEY if 0 < len(text) <= LONGEST_KEY else MISSING_KEY)

    async def _credentials_refusal(
        self, request: web.Request, *, needs_key: bool, always: bool = False
    ) -> Refusal | None:
        """The refusal of a request without credentials of people; `always` asks for them also where none are set."""
        if self._has_token(request):
            return None
        passwords, changes = self._basic_auth(), always or _changes_something(request)
        if passwords is None and not changes and not (needs_key and self._keys):
            return None
        address = request.remote or ""
        is_given = _shows_something(request)
        if is_given and (seconds := self._attempts.seconds_to_wait(address)):
            return Refusal(429, TOO_MANY, {"Retry-After": str(seconds)})
        if self._has_key(request) or (passwords is not None and await self._has_password(request, passwords, address)):
            return None
        if is_given:
            self._attempts.failed(address)
        return self._demand(request, is_given=is_given)

    def _demand(self, request: web.Request, *, is_given: bool) -> Refusal | None:
        """The refusal of a request without a valid key or password; None if it needs none."""
        if self._basic_auth() is not None:
            return Refusal(401, "user and password are needed", {"WWW-Authenticate": 'Basic realm="netledger"'})
        if self._keys:
            return Refusal(401, "the API key is wrong" if is_given else KEY_IS_NEEDED, BEARER)
        return None if _has_certificate(request) else Refusal(401, CHANGES, BEARER)

    def _basic_auth(self) -> BasicAuth | None:
        """The users of the current web config; None without any."""
        config = self._web_config.current() if self._web_config else None
        if config is None or not config.users:
            return None
        if self._passwords is None or self._passwords[0] is not config:
            self._passwords = (config, BasicAuth(config.users))
        return self._passwords[1]

    def _needs_key(self, path: str) -> bool:
        if path in OPEN_PATHS or path.startswith(ASSETS):
            return False
        return path != "/metrics" or self._protects_metrics

    def _has_key(self, request: web.Request) -> bool:
        """Compare with every key, each in constant time, so that timing reveals nothing."""
        given = _given_key(request)
        return sum(hmac.compare_digest(given, key) for key in self._keys) > 0

    def _has_token(self, request: web.Request) -> bool:
        """True for the token; it is too long to guess, so attempts are not limited."""
        return hmac.compare_digest(_given_key(request), self._token)

    async def _has_password(self, request: web.Request, passwords: BasicAuth, address: str) -> bool:
        pair = _given_password(request)
        if pair is None or passwords.knows(*pair):
            return pair is not None
        async with self._checking:  # one by one: of parallel guesses each is counted before the next is checked
            return not self._attempts.seconds_to_wait(address) and await asyncio.to_thread(passwords.check, *pair)


ACCESS = web.AppKey("access", Access)


def _given_key(request: web.Request) -> bytes:
    return key_text(request).encode("utf-8", "surrogateescape")


def _shows_something(request: web.Request) -> bool:
    return not {"X-API-Key", "Authorization"}.isdisjoint(request.headers)


def _right_refusal(key: ServiceKey, needed: Right | None) -> Refusal | None:
    if needed is None:
        return Refusal(403, NOT_A_SERVICES)
    if key.right in {needed, "both"}:
        return None
    return Refusal(403, NOT_A_WRITER if needed == "ingest" else NOT_A_READER)


def _given_password(request: web.Request) -> tuple[str, str] | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, separator, password = base64.b64decode(token, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if separator else None


def _changes_something(request: web.Request) -> bool:
    """True for a method that changes something; not for an unknown path or method, which have errors of their own."""
    return request.method not in SAFE_METHODS and request.match_info.http_exception is None


def _has_certificate(request: web.Request) -> bool:
    """True if the client has a certificate; `ssl` reports only verified ones."""
    return bool(request.transport and request.transport.get_extra_info("peercert"))
