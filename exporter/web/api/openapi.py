"""OpenAPI 3.1, made from the types of the routes, and the same as a page without scripts."""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
from aiohttp import web

import exporter
from exporter.web.http.policy import WITHOUT_SCRIPTS
from exporter.web.http.responses import JSON, json_response
from exporter.web.http.routes import DOCUMENTED, GRAFANA_URL, Routes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.web.http.routes import Route

routes = Routes()

ERRORS = {
    400: "A parameter is unknown, missing, given twice or cannot be used; the error names it, its value and the rule.",
    401: "A key or a user is needed, and the request has none or a wrong one; to change something always.",
    403: "The Host is not served here, or the request comes from another site.",
    405: "This path has other methods: the Allow header names them.",
    408: "The body did not come in time.",
    413: "The request has a body of more than 64 KiB; it needs none.",
    429: "Too many wrong keys or passwords came from this address: Retry-After says how many seconds to wait.",
    500: "Internal error; see the log.",
    503: "The ledger or the interfaces cannot be read or written now; counting goes on in memory.",
}
CREDENTIALS: list[dict[str, list[str]]] = [{"key": []}, {"bearer": []}, {"password": []}]
LINKED_SCHEMA = {
    "type": "object",
    "properties": {
        GRAFANA_URL: {"type": "string", "format": "uri", "description": "Where Grafana shows it, with grafana.url set."}
    },
}
ERROR_SCHEMA = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What is wrong, in a sentence."}},
    "required": ["error"],
    "additionalProperties": False,
}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    schemas, components = msgspec.json.schema_components(
        [answer for route in routes for answer in route.answers], ref_template="#/components/schemas/{name}"
    )
    remaining = iter(schemas)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(
            route, list(islice(remaining, len(route.answers)))
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
            "responses": {f"error{status}": _error(status) for status in ERRORS},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
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


def _operation(route: Route, schemas: Sequence[dict[str, Any]]) -> dict[str, Any]:
    answer = {"anyOf": schemas} if len(schemas) > 1 else dict(*schemas)
    if route.has_link:
        answer = {"allOf": [answer, LINKED_SCHEMA]}
    content = {name: {"schema": answer if name == JSON else {"type": "string"}} for name in route.formats}
    return {
        "operationId": route.name,
        "summary": route.summary,
        **({"description": route.description} if route.description else {}),
        **({} if route.method == "GET" else {"security": CREDENTIALS}),
        "parameters": _parameters(route),
        "responses": {"200": {"description": route.summary, "content": content}, **_errors()},
    }


def _errors() -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/error{status}"} for status in ERRORS}


def _error(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": ERRORS[status],
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        found["headers"] = {"Allow": {"schema": {"type": "string"}}}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        found["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return found


def _parameters(route: Route) -> list[dict[str, Any]]:
    return [_parameter(route, field) for field in msgspec.structs.fields(route.query)]


def _parameter(route: Route, field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    hint = get_type_hints(route.query, include_extras=True)[field.name]
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
