"""OpenAPI 3.1, generated from the types that the endpoints use, and a page that shows it without any script."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
from aiohttp import web

import exporter
from exporter.web.endpoints import JSON, Endpoint, answer_with
from exporter.web.landing import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ERRORS = {
    "400": "A parameter is unknown, missing or cannot be used; the error names it, its value and the rule.",
    "401": "A key is set, and the request has none or a wrong one.",
    "403": "The Host is not served here, or the request comes from another site.",
}
ERROR_SCHEMA = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
    "additionalProperties": False,
}


def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI document of these endpoints."""
    schemas, components = msgspec.json.schema_components(
        [endpoint.answer for endpoint in endpoints], ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Any] = {}
    for endpoint, schema in zip(endpoints, schemas, strict=True):
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schema)
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
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{}, {"key": []}, {"bearer": []}],
    }


def add_routes(app: web.Application, endpoints: Sequence[Endpoint]) -> None:
    """Serve the document and its page."""

    async def show_document(_request: web.Request) -> web.Response:
        return answer_with(msgspec.json.encode(document(endpoints)))

    async def show_page(_request: web.Request) -> web.Response:
        return web.Response(text=page(endpoints), content_type="text/html", headers=HEADERS)

    app.router.add_get("/api/openapi.json", show_document)
    app.router.add_get("/api/docs", show_page)


def page(endpoints: Iterable[Endpoint]) -> str:
    """Every endpoint with its parameters, as HTML."""
    rows = "\n".join(_row(endpoint) for endpoint in endpoints)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>netledger: API</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
section {{ border-top: 1px solid #8886; padding: .6rem 0 }}
h2 {{ font-size: 1rem; margin: 0; overflow-wrap: anywhere }} p {{ margin: .2rem 0 }}
</style>
</head>
<body>
<main>
<h1>netledger's API</h1>
<p>Bytes are integers, times ISO 8601 with offset, errors <code>{{"error": "..."}}</code>.
The same as <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
{rows}
</main>
</body>
</html>
"""


def _operation(endpoint: Endpoint, schema: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        "200": {"description": endpoint.summary, "content": {JSON: {"schema": schema}}},
    }
    error = {"schema": {"$ref": "#/components/schemas/Error"}}
    responses.update({code: {"description": why, "content": {JSON: error}} for code, why in ERRORS.items()})
    return {
        "operationId": f"{endpoint.method.lower()}{endpoint.path.removeprefix('/api').replace('/', '_').replace('-', '_')}",
        "summary": endpoint.summary,
        "description": (endpoint.handle.__doc__ or "").strip(),
        "parameters": [_parameter(endpoint, field) for field in msgspec.structs.fields(endpoint.query)],
        "responses": responses,
    }


def _parameter(endpoint: Endpoint, field: msgspec.structs.FieldInfo) -> dict[str, Any]:
    hints = get_type_hints(endpoint.query, include_extras=True)
    kind = str | None if hints[field.encode_name] == str | None else hints[field.encode_name]
    schema: dict[str, Any] = {"type": "string"} if kind == str | None else msgspec.json.schema(kind)
    if isinstance(field.default, bool):
        schema["default"] = field.default
    return {"name": field.encode_name, "in": "query", "required": field.required, "schema": schema}


def _row(endpoint: Endpoint) -> str:
    names = ", ".join(f"<code>{escape(name)}</code>" for name in endpoint.query.__struct_fields__)
    parameters = f"<p>Parameters: {names}. {escape(endpoint.query.__doc__ or '')}</p>" if names else ""
    return (
        f"<section><h2><code>{endpoint.method} {escape(endpoint.path)}</code></h2>"
        f"<p>{escape(endpoint.summary)}. {escape((endpoint.handle.__doc__ or '').strip())}</p>{parameters}</section>"
    )
