"""Endpoints of Prometheus: /metrics, /-/healthy and /-/ready."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from exporter.web.context import CONTEXT
from exporter.web.http.queries import Query, values_of
from exporter.web.http.responses import error_response
from exporter.web.http.routes import Routes

routes = Routes()

NAMES = "name[]"


class FamiliesQuery(Query, frozen=True, kw_only=True, rename={"names": NAMES}):
    """Which families."""

    names: tuple[
        Annotated[
            str,
            msgspec.Meta(
                description="The families that have samples of this name alone; may be given again.",
                examples=["netledger_interface_receive_bytes_total"],
            ),
        ],
        ...,
    ] = ()


@routes.page("/metrics", "Metrics for Prometheus", "text/plain", "application/openmetrics-text", reads=(FamiliesQuery,))
async def metrics(request: web.Request) -> web.Response:
    """Everything in memory, in the format that the client prefers; never waits for the ledger.

    `name[]` picks families by the names of their samples, as Prometheus' own clients do.
    """
    rendered = request.app[CONTEXT].render_metrics(
        request.headers.get("Accept", ""),
        request.headers.get("Accept-Encoding", ""),
        values_of(request, FamiliesQuery).get(NAMES, ()),
    )
    headers = {"Content-Type": rendered.content_type, "Vary": "Accept, Accept-Encoding"}
    if rendered.content_encoding:
        headers["Content-Encoding"] = rendered.content_encoding
    return web.Response(body=rendered.body, headers=headers)


@routes.page("/-/healthy", "Whether the process answers", "text/plain")
async def healthy(_request: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="netledger is healthy\n")


@routes.page("/-/ready", "Whether there is a sample", "text/plain")
async def ready(request: web.Request) -> web.Response:
    """The ledger is open and there is a sample."""
    if request.app[CONTEXT].seconds_since_sample == float("inf"):
        return error_response(503, "no sample yet")
    return web.Response(text="netledger is ready\n")
