"""The semantic conventions of HTTP: names of attributes and metrics, of now and of before 1.23, and what they mean.

https://opentelemetry.io/docs/specs/semconv/http. The readers give attributes the names of now.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
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

FIRST_CODE, LAST_CODE, INTERNAL_ERROR = 100, 599, 500
REMEMBERED = 8192


class WhoAsked(NamedTuple):
    """The client by a span: its address and that of who connected, user agent, user; "" where nothing is known."""

    client: str
    peer: str
    agent: str
    user: str


def method_of(attributes: Attributes) -> str | None:
    """The request's method; None where the span or point is of no HTTP request."""
    method = attributes.get(METHOD)
    if not isinstance(method, str):
        return None
    method = method.upper()
    return method if method in METHODS else OTHER_METHOD


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


def route_of(attributes: Attributes) -> str:
    """The template, or the path with {id} for numbers and the like; "(other)" where neither is known."""
    route = attributes.get(ROUTE)
    if isinstance(route, str) and (template := template_of(route)):
        return f"/{template}" if template.startswith("(") else template
    path = _path(attributes)
    return grouped(path) if path else OTHER


def path_beside(route: str, attributes: Attributes) -> str:
    """What was asked for; "" where that is the route."""
    path = _path(attributes)
    if not path or path == route:
        return ""
    path = path_of(path[:LONGEST_PATH])
    return "" if path == route else path


def size_of(attributes: Attributes, name: str) -> int:
    """Bytes of a body; 0 where they are not known."""
    size = attributes.get(name)
    if size is None:
        return 0
    if type(size) is not int:
        size = _whole(size)
    return size if 0 <= size <= MOST_BYTES else 0


def who_asked(attributes: Attributes) -> WhoAsked:
    """What a span says of the client."""
    return WhoAsked(
        _address(attributes.get(CLIENT)),
        _address(attributes.get(PEER)),
        _text(attributes.get(AGENT), LONGEST_AGENT),
        _text(attributes.get(USER), LONGEST_USER),
    )


def service_name(name: str) -> str:
    """The name of a service as it is kept; raises ValueError."""
    try:
        return read_service(printable(name).strip())
    except RuleError as error:
        raise ValueError(f"{SERVICE_NAME}: {error}") from error


def _path(attributes: Attributes) -> str:
    path = attributes.get(PATH)
    if isinstance(path, str) and path:
        return path
    url = attributes.get(URL)
    return _path_of_url(url) if isinstance(url, str) else ""


def _path_of_url(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _whole(value: AttributeValue) -> int:
    """The number of a text or a float; 0 for none."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) <= len(str(MOST_BYTES)) else 0
    return int(value) if isinstance(value, float) and value.is_integer() else 0


@lru_cache(REMEMBERED)
def _text(value: AttributeValue | None, longest: int) -> str:
    return printable(value[:longest]) if isinstance(value, str) else ""


@lru_cache(REMEMBERED)
def _address(text: AttributeValue | None) -> str:
    """An address as the ledger has it: without a zone, IPv4 as such; "" for what is none."""
    if not isinstance(text, str):
        return ""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else str(found)
