"""In a real browser: a page of a listed origin reports requests and reads them, one of another origin does not."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from tests.exporter.web.reported import new_keys
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.browser.lively_service import LivelyService
    from tests.browser.visitor import Visitor

ASK = """
([address, key, type, row]) => fetch(address, {
  method: row === null ? "GET" : "POST",
  headers: {"X-API-Key": key, ...(row === null ? {Accept: type} : {"Content-Type": type})},
  body: row === null ? undefined : row,
}).then(
  async (answer) => [answer.status, await answer.text(), answer.headers.get("Retry-After")],
  (error) => [0, error.name, null],
)
"""


@asynccontextmanager
async def page_of_another_origin() -> AsyncIterator[str]:
    """Another port of this machine is another origin."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>shop</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ask(tab: Visitor, address: str, key: str, media_type: str, body: str | None = None) -> Any:
    return await tab.page.evaluate(ASK, [address, key, media_type, body])


@pytest.mark.parametrize(("is_listed", "status"), [(True, 200), (False, 0)])
async def test_pages_of_listed_origins_report_and_read(
    unstarted: LivelyService, visit: Any, *, is_listed: bool, status: int
) -> None:
    async with page_of_another_origin() as origin:
        unstarted.server = replace(unstarted.server, cors_origins=(origin,) if is_listed else ())
        async with running(unstarted) as service, visit(origin, is_live=False) as tab:
            keys = await new_keys(service, "shop")
            now, ingest, read = datetime.fromtimestamp(service.machine.seconds, UTC), keys.ingest, keys.read
            row = f'{{"created_at": "{now.isoformat()}", "method": "GET", "endpoint": "/a", "status_code": 200}}'
            tracked = await ask(tab, f"{service.url}/api/requests/track", ingest["X-API-Key"], "application/json", row)
            spans = await ask(tab, f"{service.url}/v1/traces", ingest["X-API-Key"], "application/json", "{}")
            protobuf = await ask(tab, f"{service.url}/v1/traces", ingest["X-API-Key"], "application/x-protobuf", "")
            found = await ask(tab, f"{service.url}/dashboard", read["X-API-Key"], "application/json")
            wrong = [await ask(tab, f"{service.url}/raw_logs", "wrong", "application/json") for _ in range(22)]

    assert [tracked[0], spans[0], protobuf[0], found[0]] == [status] * 4
    assert ('"total_requests":1' in found[1]) == is_listed
    assert (int(wrong[-1][2] or 0) > 0) == is_listed
