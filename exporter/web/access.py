"""Who may ask: Host and Origin are checked against rebinding and forgery, keys and passwords in constant time."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from aiohttp import HttpVersion11, web

from exporter.web_config.basic_auth import BasicAuth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.settings import Settings
    from exporter.web_config.parsing import WatchedWebConfig, WebConfig

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = frozenset({"/", "/dashboard", "/-/healthy", "/-/ready", "/api/openapi.json", "/api/docs"})
"""What tells nothing about the machine, or asks `data_refusal` before it does: no key is asked for."""

ASSETS = "/assets/"
"""Scripts and styles of the page: the same for everybody."""


class Refusal(NamedTuple):
    """Why a request is not answered."""

    status: int
    message: str
    headers: Mapping[str, str] = {}


class Access:
    """The rules of one service."""

    def __init__(self, settings: Settings, web_config: WatchedWebConfig | None = None) -> None:
        """Keys and hosts of the settings; users, where there are any, of the web config file."""
        self._keys = tuple(key.encode() for key in settings.auth.api_keys)
        self._protects_metrics = settings.auth.protect_metrics
        self._origins = frozenset(settings.server.cors_origins)
        own = {"localhost", socket.gethostname().lower(), settings.server.host.lower()}
        self._hosts = own | {host.lower() for host in settings.server.allowed_hosts}
        self._web_config = web_config
        self._passwords: tuple[WebConfig, BasicAuth] | None = None

    @property
    def has_origins(self) -> bool:
        """Whether pages from anywhere else may read the API."""
        return bool(self._origins)

    @property
    def headers(self) -> Mapping[str, str]:
        """What the web config adds to every answer."""
        return self._web_config.current().headers if self._web_config else {}

    async def refusal(self, request: web.Request) -> Refusal | None:
        """The first rule that the request breaks, or None."""
        if (refused := self._strange_host(request)) is not None:
            return refused
        if request.method not in SAFE_METHODS and not self._is_same_site(request):
            return Refusal(403, "cross-site requests may not change anything here")
        if request.method == "OPTIONS" and self.allowed_origin(request) is not None:
            return None  # browsers ask whether they may send credentials without sending any
        return await self._without_credentials(request, needs_key=self._needs_key(request.path))

    async def data_refusal(self, request: web.Request) -> Refusal | None:
        """Why a page that everybody may open tells this request no data, or None."""
        return await self._without_credentials(request, needs_key=True)

    def allowed_origin(self, request: web.Request) -> str | None:
        """The request's Origin, if pages from there may read the API."""
        origin = request.headers.get("Origin")
        return origin if origin in self._origins else None

    def _strange_host(self, request: web.Request) -> Refusal | None:
        """Every browser names a host; HTTP/1.0, in which old probes ask, knows none."""
        headers = request.headers.getall("Host", [])
        if not headers and request.version < HttpVersion11:
            return None
        if len(headers) != 1:
            return Refusal(400, "one Host header is needed")
        if self._is_own_host(headers[0]):
            return None
        return Refusal(403, "this Host is not served here: add it to server.allowed_hosts")

    def _is_own_host(self, header: str) -> bool:
        """DNS rebinding needs a name: addresses are always served, names only when they are known."""
        try:
            host = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        if host in self._hosts:
            return True
        try:
            ipaddress.ip_address(host.partition("%")[0])
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

    async def _without_credentials(self, request: web.Request, *, needs_key: bool) -> Refusal | None:
        passwords = self._basic_auth()
        has_password = passwords is not None and await self._has_password(request, passwords)
        if passwords is not None and not has_password and not self._has_key(request):
            return Refusal(401, "user and password are needed", {"WWW-Authenticate": 'Basic realm="netledger"'})
        if not self._keys or has_password or not needs_key:
            return None
        if self._has_key(request):
            return None
        given = "X-API-Key" in request.headers or "Authorization" in request.headers
        reason = "the API key is wrong" if given else "an API key is needed: send it as X-API-Key"
        return Refusal(401, reason, {"WWW-Authenticate": 'Bearer realm="netledger"'})

    def _basic_auth(self) -> BasicAuth | None:
        """The users of the web config as it is now; None where it names none."""
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
        """Compare with every key, each in constant time, so that time tells nothing."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = request.headers.get("X-API-Key") or (token if scheme.lower() == "bearer" else "")
        matches = [hmac.compare_digest(given.encode("utf-8", "surrogateescape"), key) for key in self._keys]
        return any(matches)

    @staticmethod
    async def _has_password(request: web.Request, passwords: BasicAuth) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, separator, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return bool(separator) and await asyncio.to_thread(passwords.check, user, password)


ACCESS = web.AppKey("access", Access)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
