"""OpenAPI 3.1, generated from the types that the endpoints use, and a page that shows it without any script."""

from __future__ import annotations

import inspect
from html import escape
from http import HTTPStatus
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
from aiohttp import web

import exporter
from exporter.web.http.endpoints import JSON, Endpoint, Page, Query, answer_with
from exporter.web.http.grafana import NAME, VIEWS
from exporter.web.http.policy import WITHOUT_SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ERRORS = {
    400: "A parameter is unknown, missing, given twice or cannot be used; the error names it, its value and the rule.",
    401: "A key or a user is needed, and the request has none or a wrong one; to change something always.",
    403: "The Host is not served here, or the request comes from another site.",
    405: "This path has other methods: the Allow header names them.",
    408: "The body did not come in time.",
    413: "The request has a body of more than 64 KiB; it needs none.",
    429: "Too many wrong keys or passwords came from this address: Retry-After says how many seconds to wait.",
    500: "A fault of the service, which its log describes.",
    503: "The ledger or the interfaces cannot be read or written now; counting goes on in memory.",
}
CREDENTIALS: list[dict[str, list[str]]] = [{"key": []}, {"bearer": []}, {"password": []}]
LINKED_SCHEMA = {
    "type": "object",
    "properties": {
        NAME: {"type": "string", "format": "uri", "description": "Where Grafana shows it, with grafana.url set."}
    },
}
ERROR_SCHEMA = {
    "type": "object",
    "properties": {"error": {"type": "string", "description": "What is wrong, in a sentence."}},
    "required": ["error"],
    "additionalProperties": False,
}


def document(endpoints: Sequence[Endpoint], pages: Sequence[Page]) -> dict[str, Any]:
    """The OpenAPI document of these endpoints and pages."""
    answers = [page.answer() for page in pages]
    kinds = [answer if isinstance(answer, tuple) else (answer,) for answer in answers]
    schemas, components = msgspec.json.schema_components(
        [*(endpoint.answer for endpoint in endpoints), *chain.from_iterable(kinds)],
        ref_template="#/components/schemas/{name}",
    )
    paths: dict[str, Any] = {}
    for endpoint, schema in zip(endpoints, schemas, strict=False):
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schema)
    of_pages = iter(schemas[len(endpoints) :])
    for page, kind in zip(pages, kinds, strict=True):
        first, *others = islice(of_pages, len(kind))
        paths[page.path] = {"get": _page_operation(page, {"anyOf": [first, *others]} if others else first)}
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


def pages_of(endpoints: Sequence[Endpoint], others: Sequence[Page]) -> tuple[Page, ...]:
    """The other pages, the document and the page that shows it."""

    async def show_document(_request: web.Request) -> web.Response:
        return answer_with(msgspec.json.encode(document(endpoints, pages)))

    async def show_page(_request: web.Request) -> web.Response:
        return web.Response(text=html_page(endpoints, pages), content_type="text/html", headers=WITHOUT_SCRIPTS)

    pages = (
        *others,
        Page("/api/openapi.json", "OpenAPI 3.1", (JSON,), show_document),
        Page("/api/docs", "Every endpoint", ("text/html",), show_page),
    )
    return pages


def html_page(endpoints: Sequence[Endpoint], pages: Sequence[Page]) -> str:
    """Every endpoint with its parameters, as HTML."""
    rows = "\n".join([*map(_row, endpoints), *map(_page_row, pages)])
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


def _operation(endpoint: Endpoint, schema: dict[str, Any]) -> dict[str, Any]:
    if endpoint.path in VIEWS:
        schema = {"allOf": [schema, LINKED_SCHEMA]}
    name = endpoint.path.removeprefix("/api").replace("/", "_").replace("-", "_")
    return {
        "operationId": f"{endpoint.method.lower()}{name}",
        "summary": endpoint.summary,
        "description": _doc(endpoint.handle),
        **({} if endpoint.method == "GET" else {"security": CREDENTIALS}),
        "parameters": _parameters(endpoint.query),
        "responses": {
            "200": {"description": endpoint.summary, "content": {JSON: {"schema": schema}}},
            **_errors(),
        },
    }


def _page_operation(page: Page, answer: dict[str, Any]) -> dict[str, Any]:
    schemas = {name: {"schema": answer if name == JSON else {"type": "string"}} for name in page.formats}
    return {
        "operationId": f"get_page{page.path.replace('/', '_').replace('-', '_').replace('.', '_')}",
        "summary": page.summary,
        "parameters": _parameters(page.query),
        "responses": {"200": {"description": page.summary, "content": schemas}, **_errors()},
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


def _parameters(query: type[Query]) -> list[dict[str, Any]]:
    return [_parameter(query, field) for field in msgspec.structs.fields(query)]


def _parameter(query: type[Query], field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    schema = msgspec.json.schema(get_type_hints(query, include_extras=True)[field.name])
    if "anyOf" in schema:  # a parameter can be left out, not null
        schema = next(choice for choice in schema["anyOf"] if choice.get("type") != "null")
    if isinstance(field.default, bool):
        schema["default"] = field.default
    return {
        "name": field.encode_name,
        "in": "query",
        "required": field.required,
        "description": schema.pop("description"),
        "schema": schema,
    }


def _row(endpoint: Endpoint) -> str:
    return (
        f"<section><h2><code>{endpoint.method} {escape(endpoint.path)}</code></h2>"
        f"<p>{escape(endpoint.summary)}. {escape(_doc(endpoint.handle))}</p>{_list(endpoint.query)}</section>"
    )


def _page_row(page: Page) -> str:
    return (
        f"<section><h2><code>GET {escape(page.path)}</code></h2><p>{escape(page.summary)}.</p>"
        f"{_list(page.query)}</section>"
    )


def _list(query: type[Query]) -> str:
    items = "".join(
        f"<dt><code>{escape(told['name'])}</code>{' (required)' if told['required'] else ''}</dt>"
        f"<dd>{escape(told['description'])}</dd>"
        for told in _parameters(query)
    )
    return f"<dl>{items}</dl>" if items else ""


def _doc(handle: Callable[..., object]) -> str:
    return inspect.cleandoc(handle.__doc__ or "")
