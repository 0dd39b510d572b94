"""An endpoint: a route with the types of its query and its answer; OpenAPI is made from the same types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import msgspec
from aiohttp import ETag, web

from reports.calendar.periods import PeriodError
from reports.errors import QuestionError
from reports.ledger.scope import joined

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from exporter.web.context import ServiceContext

JSON = "application/json"
INTERFACE = "interface"

QueryType = TypeVar("QueryType", bound="Query")
Parsed = TypeVar("Parsed")

InterfaceName = Annotated[
    str,
    msgspec.Meta(
        description="One interface; given again, several added up. Without it, the answer is for the machine: its "
        "counted interfaces together.",
        extra_json_schema={"minLength": 1},
        examples=["eth0"],
    ),
]
MonthText = Annotated[
    str,
    msgspec.Meta(
        description="Calendar month in the ledger's zone, 1970-01 to 2200-12; the current one by default.",
        extra_json_schema={"pattern": "^(19[7-9][0-9]|2[01][0-9]{2}|2200)-(0[1-9]|1[0-2])$"},
        examples=["2026-08"],
    ),
]
YearText = Annotated[
    str,
    msgspec.Meta(
        description="Calendar year in the ledger's zone, 1970 to 2200; the current one by default.",
        extra_json_schema={"pattern": "^(19[7-9][0-9]|2[01][0-9]{2}|2200)$"},
        examples=["2026"],
    ),
]
DATE_SCHEMA = {"format": "date", "pattern": "^(19[7-9][0-9]|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}$"}
FirstDate = Annotated[
    str,
    msgspec.Meta(
        description="First local day, 1970-01-01 to 2200-12-31.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-01"],
    ),
]
LastDate = Annotated[
    str,
    msgspec.Meta(
        description="Last local day, included; not before the first.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-31"],
    ),
]
FirstDay = Annotated[
    str,
    msgspec.Meta(
        description="First local day; without it, the first that was counted.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-01"],
    ),
]
LastDay = Annotated[
    str,
    msgspec.Meta(
        description="Last local day, included; without it, today.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-31"],
    ),
]
PlanOfDays = Annotated[
    str,
    msgspec.Meta(
        description="The interfaces of a plan of the settings together; not with `interface`.", examples=["default"]
    ),
]
SWITCHES = {"true": True, "1": True, "false": False, "0": False}


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Query parameters of an endpoint; unknown ones are refused."""


class NoQuery(Query, frozen=True, kw_only=True):
    """An endpoint without parameters."""


class OfInterface(Query, frozen=True, kw_only=True):
    """Answers for one interface instead of the whole machine."""

    interface: InterfaceName | None = None


class Endpoint(NamedTuple):
    """One operation; `handle` gets the desk and the parsed query, and gives the answer."""

    method: str
    path: str
    summary: str
    query: type[Query]
    answer: Any
    handle: Callable[[ServiceContext, Any], Awaitable[Any]]


class Page(NamedTuple):
    """What is served for people and for Prometheus: a path, what it is, in which formats."""

    path: str
    summary: str
    formats: tuple[str, ...]
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]]
    query: type[Query] = NoQuery
    answer: Callable[[], Any] = lambda: dict[str, Any]
    """The type of its JSON, where that is one of the formats, or several; imported when somebody asks for OpenAPI."""


class BadRequestError(QuestionError):
    """A parameter cannot be used; the text names it, its value and the rule."""


def parse_query(request: web.Request, kind: type[QueryType]) -> QueryType:
    """Turn the query string into its type; raises BadRequestError."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given and name != INTERFACE:
            raise BadRequestError(f"{name}: given more than once")
        # Several interfaces are added up.
        given[name] = joined((given[name], value)) or "" if name in given else value
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in given:
        if name not in known:
            rule = f"use {', '.join(known)}" if known else "there are none here"
            raise BadRequestError(f"{name}: unknown parameter; {rule}")
    for name, field in known.items():
        if field.required and name not in given:
            raise BadRequestError(f"{name}: is missing")
    values = {
        name: _switch(name, text) if isinstance(known[name].default, bool) else text for name, text in given.items()
    }
    return msgspec.convert(values, kind)


def parse_parameter(name: str, text: str, parse: Callable[[str], Parsed]) -> Parsed:
    """Read one parameter's value; raises BadRequestError that names it."""
    try:
        return parse(text)
    except PeriodError as error:
        raise BadRequestError(f"{name}: {error}") from error


def has_already(request: web.Request, tag: str) -> bool:
    """Whether the client says that it has what this weak tag stands for."""
    return any(known == ETag("*") or known.value == tag for known in request.if_none_match or ())


def answer_with(body: bytes, *, status: int = 200) -> web.Response:
    """A JSON response that nobody keeps."""
    return web.Response(body=body, status=status, content_type=JSON, headers={"Cache-Control": "no-store"})


def error_response(status: int, message: str) -> web.Response:
    """The one shape of an error."""
    return answer_with(msgspec.json.encode({"error": message}), status=status)


def _switch(name: str, text: str) -> bool:
    value = SWITCHES.get(text.lower())
    if value is None:
        raise BadRequestError(f"{name}: {text!r} is refused; use true or false")
    return value
