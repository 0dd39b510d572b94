"""Caddy: JSON of its access log, with any encoding of times and durations that is a number or a text.

https://caddyserver.com/docs/caddyfile/directives/log#json
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from exporter.meters.requests.events import Event
from exporter.meters.requests.logs.formats import fields
from exporter.meters.requests.logs.formats.fields import LineError
from exporter.meters.requests.logs.formats.typed import amount, code_of, instant, microseconds

if TYPE_CHECKING:
    from exporter.meters.requests.logs.formats.patterns import Reader

SECOND = 1e6


class CaddyRequest(msgspec.Struct):
    """The request of a line; `client_ip` is behind trusted proxies another than `remote_ip`."""

    method: str
    uri: str
    client_ip: str = ""
    remote_ip: str = ""
    headers: dict[str, list[str]] = {}


class CaddyLine(msgspec.Struct):
    """A line."""

    ts: float | str
    request: CaddyRequest
    status: int
    duration: float | str | None = None
    size: int = 0
    bytes_read: int = 0
    user_id: str = ""


def reader_of(service: str) -> Reader:
    """A reader of the requests to a service."""
    decode = msgspec.json.Decoder(CaddyLine).decode

    def read(line: bytes) -> Event:
        try:
            found = decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise LineError("it is no JSON of a request") from None
        request = found.request
        method, route, path = fields.asked_of(request.method, request.uri)
        agents = request.headers.get("User-Agent")
        return Event(
            service,
            instant(found.ts),
            method,
            route,
            code_of(found.status),
            microseconds(found.duration, SECOND),
            amount(found.bytes_read),
            0 if method == "HEAD" else amount(found.size),  # what it has written, and not sent
            path,
            fields.client_of((request.client_ip or request.remote_ip).encode("utf-8", "replace")),
            fields.agent_of(agents[0].encode("utf-8", "replace")) if agents else "",
            fields.user_of(found.user_id.encode("utf-8", "replace")),
        )

    return read
