"""The semantic conventions of HTTP: names of attributes and metrics, of now and of before 1.23, and what they mean.

https://opentelemetry.io/docs/specs/semconv/http. The readers give attributes the names of now.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from exporter.meters.requests.events import (
    LONGEST_AGENT,
    LONGEST_PATH,
    LONGEST_USER,
    METHODS,
    MOST_BYTES,
    OTHER_METHOD,
)
from exporter.meters.requests.otlp.messages import SERVICE_NAME
from exporter.meters.requests.routes import grouped, path_of, printable, template_of
from exporter.meters.requests.service_names import read_service
from exporter.settings.rules import RuleError
from reports.ledger.shape import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exporter.meters.requests.otlp.messages import Attributes, AttributeValue

METHOD, CODE, ROUTE, ERROR = "http.request.method", "http.response.status_code", "http.route", "error.type"
PATH, URL = "url.path", "url.full"
REQUEST_BYTES, RESPONSE_BYTES = "http.request.body.size", "http.response.body.size"
CLIENT, PEER, AGENT, USER = "client.address", "network.peer.address", "user_agent.original", "user.id"
OLD_NAMES = {
    "http.method": METHOD,
    "http.status_code": CODE,
    "http.target": PATH,
    "http.url": URL,
    "http.request_content_length": REQUEST_BYTES,
    "http.response_content_length": RESPONSE_BYTES,
    "http.client_ip": CLIENT,
    "net.peer.ip": PEER,
    "net.sock.peer.addr": PEER,
    "http.user_agent": AGENT,
    "enduser.id": USER,
}
NAMES = OLD_NAMES | {
    name: name
    for name in (
        *(METHOD, CODE, ROUTE, ERROR, PATH, URL, REQUEST_BYTES, RESPONSE_BYTES, CLIENT, PEER, AGENT, USER),
        SERVICE_NAME,
    )
}
"""Attributes that are used, by any of their names; where an SDK sends both, both say the same."""

DURATION, OLD_DURATION = "http.server.request.duration", "http.server.duration"
HISTOGRAMS = {
    name: name
    for name in (
        DURATION,
        OLD_DURATION,
        "http.server.request.body.size",
        "http.server.response.body.size",
        "http.server.request.size",
        "http.server.response.size",
    )
}
"""Metrics that are used."""

SPELLINGS: Mapping[AttributeValue | None, str] = {method: method for method in METHODS}

FIRST_CODE, LAST_CODE, INTERNAL_ERROR = 100, 599, 500
REMEMBERED, LONGEST_REMEMBERED = 8192, 512
"""Values that are remembered, and their characters."""


def method_of(attributes: Attributes) -> str | None:
    """The request's method; None where the span or point is of no HTTP request."""
    given = attributes.get(METHOD)
    method = SPELLINGS.get(given)
    if method is None and isinstance(given, str):
        method = SPELLINGS.get(given.upper(), OTHER_METHOD)
    return method


def code_of(attributes: Attributes, *, is_error: bool = False) -> int:
    """The status code, 0 where there was no response; raises ValueError.

    An exception that a server does not make a response of, as aiohttp's, is one of 500: it has an error, and no code.
    """
    code = attributes.get(CODE)
    if code is None:
        kind = attributes.get(ERROR, "")
        if isinstance(kind, str) and kind.isdecimal() and len(kind) == len("500"):
            code = int(kind)
        else:
            return INTERNAL_ERROR if kind or is_error else 0
    if not isinstance(code, int):
        code = _whole(code)
    if not FIRST_CODE <= code <= LAST_CODE:
        raise ValueError(f"{CODE}: {printable(str(code))[:20]} is no status code; use 100 to 599")
    return code


class AskedFor(NamedTuple):
    """A route, and the path that was asked for; "" where that is the route."""

    route: str
    path: str


def asked_of(attributes: Attributes) -> AskedFor:
    """The template, or the path with {id} for numbers and the like; "(other)" where neither is known."""
    path = attributes.get(PATH)
    if not isinstance(path, str) or not path:
        path = _path_of_url(attributes.get(URL))
    route = _template(attributes.get(ROUTE)) or (grouped(path) if path else OTHER)
    if path and path != route:
        path = path_of(path[:LONGEST_PATH])
    return AskedFor(route, "" if path == route else path)


def route_of(attributes: Attributes) -> str:
    """The route alone."""
    return asked_of(attributes).route


def size_of(size: AttributeValue | None) -> int:
    """Bytes of a body; 0 where they are not known."""
    if size is None:
        return 0
    if type(size) is not int:
        size = _whole(size)
    return size if 0 <= size <= MOST_BYTES else 0


def _remembered(make: Callable[[AttributeValue | None], str]) -> Callable[[AttributeValue | None], str]:
    """Remember what values became, but for long ones: strangers may send eight thousand of megabytes."""
    found = lru_cache(REMEMBERED)(make)

    @wraps(make)
    def call(value: AttributeValue | None) -> str:
        return make(value) if isinstance(value, str) and len(value) > LONGEST_REMEMBERED else found(value)

    return call


@_remembered
def address_of(text: AttributeValue | None) -> str:
    """An address as the ledger has it: without a zone, IPv4 as such; "" for what is none."""
    if not isinstance(text, str):
        return ""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else str(found)


@_remembered
def agent_of(value: AttributeValue | None) -> str:
    """A user agent; "" for none."""
    return printable(value[:LONGEST_AGENT]) if isinstance(value, str) else ""


@_remembered
def user_of(value: AttributeValue | None) -> str:
    """The name of a user; "" for none."""
    return printable(value[:LONGEST_USER]) if isinstance(value, str) else ""


def service_name(name: str) -> str:
    """The name of a service as it is kept; raises ValueError."""
    try:
        return read_service(printable(name).strip())
    except RuleError as error:
        raise ValueError(f"{SERVICE_NAME}: {error}") from error


@_remembered
def _template(route: AttributeValue | None) -> str:
    """A route as it is kept; "" for none."""
    template = template_of(route) if isinstance(route, str) else ""
    return f"/{template}" if template.startswith("(") else template


def _path_of_url(url: AttributeValue | None) -> str:
    try:
        return urlsplit(url).path if isinstance(url, str) else ""
    except ValueError:
        return ""


def _whole(value: AttributeValue) -> int:
    """The number of a text or a float; 0 for none."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= len(str(MOST_BYTES)) else 0
    return int(value) if isinstance(value, float) and value.is_integer() else 0
