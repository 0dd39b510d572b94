"""Answers that are SVG: drawn once for a sample, however many readers there are, and open to other sites' pages."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
from typing import TYPE_CHECKING

from aiohttp import web

from exporter.web.context import CONTEXT
from exporter.web.http.machines import group_of
from exporter.web.http.policy import WITHOUT_SCRIPTS
from exporter.web.http.queries import OfSelection
from exporter.web.http.responses import is_current
from exporter.web.http.routes import PATIENT, LedgerRequest
from reports.usage.scopes import UsageFilter, select_usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.metering.snapshots import Snapshot
    from exporter.web.http.queries import Query
    from reports.ledger.reader import LedgerReader

SVG = "image/svg+xml"
FRESH_SECONDS = 60
"""How long readers and their proxies keep a drawing."""

MOST_DRAWINGS = 100


class Drawings:
    """Drawings of the newest sample, by what was asked for."""

    def __init__(self) -> None:
        """Begin without any."""
        self._snapshot: Snapshot | None = None
        self._drawn: dict[str, str] = {}
        self._drawing = asyncio.Lock()

    async def get(self, request: web.Request, query: Query, write: Callable[[LedgerRequest], str]) -> str:
        """The drawing of a request and its query; `write` makes it on a reader's thread, once at a time."""
        if (known := self._known(request)) is not None:
            return known
        async with self._drawing:
            if (known := self._known(request)) is not None:
                return known
            service = request.app[CONTEXT]
            group = await group_of(request, query)
            snapshot, now = service.fresh_snapshot(), service.now
            usage_filter = query.usage_filter if isinstance(query, OfSelection) else UsageFilter()

            def answer(ledger: LedgerReader) -> str:
                selection = select_usage(ledger, *usage_filter, networks=service.settings.networks)
                return write(LedgerRequest(ledger, now, snapshot, service, selection, group=group))

            drawn: str = await PATIENT(service, answer, group)
            if snapshot is self._snapshot and len(self._drawn) < MOST_DRAWINGS:
                self._drawn[request.path_qs] = drawn
            return drawn

    def _known(self, request: web.Request) -> str | None:
        snapshot = request.app[CONTEXT].fresh_snapshot()
        if snapshot is not self._snapshot:
            self._snapshot, self._drawn = snapshot, {}
        return self._drawn.get(request.path_qs)


DRAWINGS = web.AppKey("drawings", Drawings)


async def send_drawing(request: web.Request, query: Query, write: Callable[[LedgerRequest], str]) -> web.Response:
    """The response to GET or HEAD: 304 for a reader that has this drawing."""
    drawn = await request.app[DRAWINGS].get(request, query, write)
    tag = hashlib.blake2b(drawn.encode(), digest_size=12).hexdigest()
    headers = {
        **WITHOUT_SCRIPTS,
        "Cache-Control": f"{_audience(request)}, max-age={FRESH_SECONDS}",
        "ETag": f'W/"{tag}"',
        "Cross-Origin-Resource-Policy": "same-origin" if _is_at_home(request) else "cross-origin",
    }
    if is_current(request, tag):
        return web.Response(status=304, headers=headers)
    return web.Response(text=drawn, content_type=SVG, charset="utf-8", headers=headers)


def _audience(request: web.Request) -> str:
    """A drawing that took a key or a password is for its reader alone."""
    return "public" if {"X-API-Key", "Authorization"}.isdisjoint(request.headers) else "private"


def _is_at_home(request: web.Request) -> bool:
    """True where this machine's own name is asked: no other site's page has a reason to show such a drawing."""
    host = request.url.host or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    return host.lower() == "localhost"
