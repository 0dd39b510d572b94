"""A request as a middleware records it, and as netledger takes it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, NamedTuple

LONGEST_PATH, LONGEST_ROUTE, LONGEST_TEXT = 2000, 200, 255
"""Characters of a path, a route, and a user agent or user: netledger takes no more."""


class RequestEvent(NamedTuple):
    """One request that has ended.

    `at` is its end in UTC seconds, `seconds` what it took until the last byte of the response. `route` is the template,
    "" where none matched; `code` 0 where there was no response. Bytes are those of bodies, `client` is the peer.
    """

    at: float
    method: str
    path: str
    route: str
    code: int
    seconds: float
    request_bytes: int = 0
    response_bytes: int = 0
    client: str = ""
    agent: str = ""
    user: str = ""


def encoded(event: RequestEvent) -> str:
    """The JSON object of one event."""
    fields: dict[str, Any] = {
        "created_at": datetime.fromtimestamp(event.at, timezone.utc).isoformat(),
        "method": event.method,
        "endpoint": _text(event.path, LONGEST_PATH) or "/",
        "ip": event.client or None,
        "process_time": round(max(event.seconds, 0.0) * 1000, 3),
        "status_code": event.code,
        "request_bytes": event.request_bytes,
        "response_bytes": event.response_bytes,
    }
    more = {"route": (event.route, LONGEST_ROUTE), "user_agent": (event.agent, LONGEST_TEXT)}
    more["user_id"] = (event.user, LONGEST_TEXT)
    fields.update((name, _text(text, longest)) for name, (text, longest) in more.items() if text)
    return json.dumps(fields, separators=(",", ":"))


def _text(text: str, longest: int) -> str:
    """The text, cut, without lone surrogates: those are no JSON."""
    return text[:longest].encode("utf-8", "replace").decode("utf-8")
