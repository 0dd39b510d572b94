"""An endpoint: a route with the types of its query and its answer; OpenAPI is made from the same types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from exporter.web.desk import Desk

JSON = "application/json"

QueryType = TypeVar("QueryType", bound="Query")


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Query parameters of an endpoint; unknown ones are refused."""


class NoQuery(Query, frozen=True, kw_only=True):
    """An endpoint without parameters."""


class OfInterface(Query, frozen=True, kw_only=True):
    """Answers for one interface instead of the whole machine."""

    interface: str | None = None


class Endpoint(NamedTuple):
    """One operation; `handle` gets the desk and the parsed query, and gives the answer."""

    method: str
    path: str
    summary: str
    query: type[Query]
    answer: Any
    handle: Callable[[Desk, Any], Awaitable[Any]]


class BadRequestError(Exception):
    """A parameter cannot be used; the text names it, its value and the rule."""


def parse_query(request: web.Request, kind: type[QueryType]) -> QueryType:
    """Turn the query string into its type; raises BadRequestError."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise BadRequestError(f"{name}: given more than once")
        given[name] = value
    known = kind.__struct_fields__
    for name in given:
        if name not in known:
            rule = f"use {', '.join(known)}" if known else "there are none here"
            raise BadRequestError(f"{name}: unknown parameter; {rule}")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequestError(_in_words(str(error), given)) from error


def answer_with(body: bytes, *, status: int = 200) -> web.Response:
    """A JSON response that nobody keeps."""
    return web.Response(body=body, status=status, content_type=JSON, headers={"Cache-Control": "no-store"})


def error_response(status: int, message: str) -> web.Response:
    """The one shape of an error."""
    return answer_with(msgspec.json.encode({"error": message}), status=status)


def _in_words(problem: str, given: dict[str, str]) -> str:
    rule, _, place = problem.partition(" - at `$.")
    name = place.rstrip("`")
    if name in given:
        return f"{name}: {given[name]!r} is refused: {rule}"
    return problem
