"""Traefik: JSON of its access log.

https://doc.traefik.io/traefik/observability/access-logs/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from exporter.meters.requests.events import Event
from exporter.meters.requests.logs.formats import fields
from exporter.meters.requests.logs.formats.fields import LineError
from exporter.meters.requests.logs.formats.typed import amount, code_of, microseconds

if TYPE_CHECKING:
    from exporter.meters.requests.logs.formats.patterns import Reader

NANOSECOND = 0.001


class TraefikLine(msgspec.Struct):
    """A line; header fields are kept where the settings of Traefik say so."""

    method: str = msgspec.field(name="RequestMethod")
    path: str = msgspec.field(name="RequestPath")
    status: int = msgspec.field(name="DownstreamStatus")
    start: str = msgspec.field(name="StartUTC", default="")
    time: str = ""
    duration: int | None = msgspec.field(name="Duration", default=None)
    sent: int = msgspec.field(name="DownstreamContentSize", default=0)
    received: int = msgspec.field(name="RequestContentSize", default=0)
    client: str = msgspec.field(name="ClientHost", default="")
    user: str = msgspec.field(name="ClientUsername", default="")
    agent: str = msgspec.field(name="request_User-Agent", default="")


def reader_of(service: str) -> Reader:
    """A reader of the requests to a service."""
    decode = msgspec.json.Decoder(TraefikLine).decode

    def read(line: bytes) -> Event:
        try:
            found = decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise LineError("it is no JSON of a request") from None
        method, route, path = fields.asked_of(found.method, found.path)
        return Event(
            service,
            fields.iso_time((found.start or found.time).encode("utf-8", "replace")),
            method,
            route,
            code_of(found.status),
            microseconds(found.duration, NANOSECOND),
            amount(found.received),
            amount(found.sent),
            path,
            fields.client_of(found.client.encode("utf-8", "replace")),
            fields.agent_of(found.agent.encode("utf-8", "replace")),
            fields.user_of(found.user.encode("utf-8", "replace")),
        )

    return read
