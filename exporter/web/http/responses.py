"""Responses that every resource gives: JSON, the one shape of an error, and "not modified"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import ETag, web

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"


class RefusedError(Exception):
    """A request is refused with a status, a message (a list of faults in the shape of FastAPI) and headers."""

    def __init__(self, status: int, message: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}


def json_response(answer: Any, *, status: int = 200) -> web.Response:
    """A JSON response that caches do not keep."""
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type=JSON, headers=headers)


def error_response(status: int, message: str) -> web.Response:
    """The one shape of an error."""
    return json_response({"error": message}, status=status)


def is_current(request: web.Request, tag: str) -> bool:
    """True if the client has what this weak tag stands for."""
    return any(known == ETag("*") or known.value == tag for known in request.if_none_match or ())
