"""What Prometheus asks: /metrics, /-/healthy and /-/ready."""

from __future__ import annotations

from aiohttp import web

from exporter.web.context import CONTEXT
from exporter.web.http.endpoints import Page, error_response


async def metrics(request: web.Request) -> web.Response:
    """Everything in memory, in the format that the client prefers; never waits for the ledger.

    `name[]` picks families by the names of their samples, as Prometheus' own clients do.
    """
    rendered = request.app[CONTEXT].render_metrics(
        request.headers.get("Accept", ""),
        request.headers.get("Accept-Encoding", ""),
        request.query.getall("name[]", ()),
    )
    headers = {"Content-Type": rendered.content_type, "Vary": "Accept, Accept-Encoding"}
    if rendered.content_encoding:
        headers["Content-Encoding"] = rendered.content_encoding
    return web.Response(body=rendered.body, headers=headers)


async def healthy(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="netledger is healthy\n")


async def ready(request: web.Request) -> web.Response:
    """The ledger is open and a look has worked."""
    if request.app[CONTEXT].seconds_since_look == float("inf"):
        return error_response(503, "no look at the interfaces has worked yet")
    return web.Response(text="netledger is ready\n")


PAGES = (
    Page("/metrics", "Metrics for Prometheus", ("text/plain", "application/openmetrics-text"), metrics),
    Page("/-/healthy", "Whether the process answers", ("text/plain",), healthy),
    Page("/-/ready", "Whether a look at the interfaces has worked", ("text/plain",), ready),
)
