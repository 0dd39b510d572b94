"""OpenAPI 3.1, made from the types of the routes, and the same as a page without scripts."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
from aiohttp import web

import exporter
from exporter.meters.requests.otlp.answers import PROTOBUF
from exporter.web.http.doors import DASHBOARD, DASHBOARD_JSON, door_at
from exporter.web.http.machines import HOSTS
from exporter.web.http.policy import WITHOUT_SCRIPTS
from exporter.web.http.responses import JSON, json_response
from exporter.web.http.routes import DOCUMENTED, GRAFANA_URL, Routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.web.http.doors import DoorAccess
    from exporter.web.http.queries import Query
    from exporter.web.http.routes import Route

routes = Routes()

ERRORS = {
    400: "A parameter is unknown, missing, given twice or cannot be used; the error names it, its value and the rule.",
    401: "A key or a user is needed, and the request has none or a wrong one; to change something always.",
    403: "The Host is not served here, or the request comes from another site.",
    405: "This path has other methods: the Allow header names them.",
    408: "The body did not come in time.",
    413: "The body is larger than this path takes: 64 KiB, of batches 1 MiB, of OpenTelemetry and of imports 8 MiB.",
    429: "Too many wrong keys came from this address, or more is sent than is counted: Retry-After says when to try "
    "again, in seconds.",
    500: "Internal error; see the log.",
    503: "The ledger or the interfaces cannot be read or written now; counting goes on in memory.",
}
CREDENTIALS: list[dict[str, list[str]]] = [{"key": []}, {"bearer": []}, {"password": []}]
HEADER_KEY = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
LINKED_SCHEMA = {
    "type": "object",
    "properties": {
        GRAFANA_URL: {"type": "string", "format": "uri", "description": "Where Grafana shows it, with grafana.url set."}
    },
}
OF_HOSTS_SCHEMA = {
    "type": "object",
    "properties": {
        HOSTS: {
            "type": "object",
            "description": "The machines that are added up, where `hosts` is given: their names, when the mirror was "
            "read, and the age of the newest data of the one that sent its last before all others.",
            "properties": {
                "names": {"type": "array", "items": {"type": "string"}},
                "read_at": {"type": "string", "format": "date-time"},
                "behind_seconds": {"type": "integer"},
            },
            "required": ["names", "read_at", "behind_seconds"],
        }
    },
}
ERROR_SCHEMA = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What is wrong, in a sentence."}},
    "required": ["error"],
    "additionalProperties": False,
}


ERROR = {"$ref": "#/components/schemas/Error"}
COMPATIBLE_SCHEMAS: dict[str, dict[str, Any]] = {
    "detail": {
        "type": "object",
        "properties": {
            "detail": {
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "type": {"type": "string"},
                                "loc": {"type": "array", "items": {"type": "string"}},
                                "msg": {"type": "string"},
                            },
                            "required": ["type", "loc", "msg"],
                        },
                    },
                ]
            }
        },
        "required": ["detail"],
    },
    "status": {
        "type": "object",
        "properties": {"status": {"type": "integer"}, "message": {"type": "string"}},
        "required": ["status", "message"],
    },
    "rpc": {  # a google.rpc.Status
        "type": "object",
        "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
        "required": ["code", "message"],
    },
}
"""Errors of the paths that other programs' clients know."""

MORE_ERRORS = {
    "detail": {422: "A field is missing, unknown, or cannot be used."},
    "rpc": {415: "Content-Type says neither protobuf nor JSON."},
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    types = [kind for route in routes for kind in (*route.answers, *_json_body(route))]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    remaining = iter(schemas)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, list(islice(remaining, len(route.answers))), list(islice(remaining, len(_json_body(route))))
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "netledger",
            "version": exporter.__version__,
            "summary": "Every byte of every network interface, counted once.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": {**components, "Error": ERROR_SCHEMA},
            "responses": {f"error{status}": _error(status, text, ERROR) for status, text in ERRORS.items()},
            "securitySchemes": {
                "key": {**HEADER_KEY, "description": "An admin key, of auth.api_keys."},
                "ingest_key": {**HEADER_KEY, "description": "A key of a service that writes its requests."},
                "read_key": {**HEADER_KEY, "description": "A key of a service that reads its requests."},
                "bearer": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
        "security": [{}, *CREDENTIALS],
    }


@routes.page("/api/openapi.json", "OpenAPI 3.1", JSON, answers=(dict[str, Any],))
async def show_document(request: web.Request) -> web.Response:
    """The document of every route of the service."""
    return json_response(document(request.app[DOCUMENTED]()))


@routes.page("/api/docs", "Every endpoint", "text/html")
async def show_page(request: web.Request) -> web.Response:
    """The same for people."""
    return web.Response(text=html_page(request.app[DOCUMENTED]()), content_type="text/html", headers=WITHOUT_SCRIPTS)


def html_page(routes: Sequence[Route]) -> str:
    """Every route with its parameters, as HTML."""
    rows = "\n".join(map(_row, routes))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>netledger: API</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
section {{ border-top: 1px solid #8886; padding: .6rem 0 }}
h2 {{ font-size: 1rem; margin: 0; overflow-wrap: anywhere }} p, dl {{ margin: .2rem 0 }}
</style>
</head>
<body>
<main>
<h1>netledger's API</h1>
<p>Bytes are integers, times ISO 8601 with offset, errors <code>{{"error": "..."}}</code>.
The same as <a href="openapi.json">OpenAPI 3.1</a>.</p>
{rows}
</main>
</body>
</html>
"""


def _json_body(route: Route) -> tuple[Any, ...]:
    return route.body or ()


def _request_body(route: Route, schemas: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if route.body is None:
        return {}
    binary = {"type": "string", "format": "binary"}
    schema = {"anyOf": schemas} if len(schemas) > 1 else dict(*schemas) or binary
    return {"requestBody": {"content": {name: {"schema": schema} for name in route.body_formats}}}


def _operation(
    route: Route, schemas: Sequence[dict[str, Any]], body_schemas: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    answer = {"anyOf": schemas} if len(schemas) > 1 else dict(*schemas)
    if more := [*([LINKED_SCHEMA] * route.has_link), *([OF_HOSTS_SCHEMA] * route.is_of_hosts)]:
        answer = {"allOf": [answer, *more]}
    content = {name: {"schema": answer if name == JSON else {"type": "string"}} for name in route.formats}
    return {
        "operationId": route.name,
        "summary": route.summary,
        **({"description": route.description} if route.description else {}),
        **_security(route),
        "parameters": _parameters(route),
        **_request_body(route, body_schemas),
        "responses": {str(route.status): {"description": route.summary, "content": content}, **_errors(route)},
    }


def _security(route: Route) -> dict[str, Any]:
    """Which keys open it, of services or of admins; {} stands for none."""
    door = _door(route)
    if door is None:
        return {} if route.method == "GET" else {"security": CREDENTIALS}
    of_service: list[dict[str, list[str]]] = [] if door.right is None else [{f"{door.right}_key": []}]
    is_open = door.is_open_here or door.has_own_key or (route.method == "GET" and not door.needs_key)
    is_open |= route.path == DASHBOARD  # the page
    return {"security": [*([{}] if is_open else []), *of_service, *CREDENTIALS]}


def _door(route: Route) -> DoorAccess | None:
    """The door at the path; of /dashboard, which is a page, too, that of its JSON."""
    if (route.method, route.path) == ("GET", DASHBOARD):
        return DASHBOARD_JSON
    return door_at(route.method, route.path)


def _errors(route: Route) -> dict[str, Any]:
    door = _door(route)
    if door is None or door.style == "error":
        return {str(status): {"$ref": f"#/components/responses/error{status}"} for status in ERRORS}
    more = MORE_ERRORS.get(door.style, {})
    schema = COMPATIBLE_SCHEMAS[door.style]
    if route.path == DASHBOARD:
        schema = {"anyOf": [schema, ERROR]}  # those of the page are ours
    found = {str(status): _error(status, text, schema) for status, text in (ERRORS | more).items()}
    if PROTOBUF in route.body_formats:
        for answer in found.values():
            answer["content"][PROTOBUF] = {"schema": {"type": "string", "format": "binary"}}
    return found


def _error(status: int, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": text, "content": {JSON: {"schema": schema}}}
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        found["headers"] = {"Allow": {"schema": {"type": "string"}}}
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return found


def _parameters(route: Route) -> list[dict[str, Any]]:
    return [_parameter(route, kind, field) for kind in route.queries for field in msgspec.structs.fields(kind)]


def _parameter(route: Route, kind: type[Query], field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    hint = get_type_hints(kind, include_extras=True)[field.name]
    schema = msgspec.json.schema(hint, schema_hook=lambda _kind: {"type": "string"})  # what is parsed is text
    if "anyOf" in schema:  # a parameter can be left out, not null
        schema = next(choice for choice in schema["anyOf"] if choice.get("type") != "null")
    schema = schema.get("items", schema)  # one that may be given again
    if isinstance(field.default, bool):
        schema["default"] = field.default
    return {
        "name": field.encode_name,
        "in": "path" if f"{{{field.encode_name}}}" in route.path else "query",
        "required": field.required,
        "description": schema.pop("description"),
        "schema": schema,
    }


def _row(route: Route) -> str:
    texts = " ".join(filter(None, (f"{route.summary}.", route.description)))
    return (
        f"<section><h2><code>{route.method} {escape(route.path)}</code></h2>"
        f"<p>{escape(texts)}</p>{_list(route)}</section>"
    )


def _list(route: Route) -> str:
    items = "".join(
        f"<dt><code>{escape(parameter['name'])}</code>{' (required)' if parameter['required'] else ''}</dt>"
        f"<dd>{escape(parameter['description'])}</dd>"
        for parameter in _parameters(route)
    )
    return f"<dl>{items}</dl>" if items else ""
