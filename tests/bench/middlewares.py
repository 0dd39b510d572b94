"""What the middleware for Python adds to a request: with a collector that takes, and with one that hangs."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from netledger_client import ClientSettings, Reporter
from netledger_client.asgi import AsgiMiddleware
from tests.bench.rows import MILLISECOND, Row
from tests.clients.python.collectors import KEY, collecting, hanging

if TYPE_CHECKING:
    from tests.bench.settings import Bench

REQUESTS_PER_PAUSE, PAUSE_SECONDS = 50, 0.001
"""An application waits now and then: the sender gets its turn."""


def measure(bench: Bench) -> list[Row]:
    """Milliseconds of a request with the middleware less those without it, both p50."""
    count = bench.requests * 20
    with collecting() as collector, hanging() as stuck:
        up = [_added(collector.url, count) for _ in range(bench.rounds)]
        hangs = [_added(stuck, count) for _ in range(bench.rounds)]
    return [
        Row("added to a request by the Python middleware, collector up", "ms", 0.05, tuple(up), "API Analytics 35"),
        Row("added to a request by the Python middleware, it hangs", "ms", 0.05, tuple(hangs), "API Analytics 5,000"),
    ]


def _added(address: str, count: int) -> float:
    reporter = Reporter(ClientSettings(address, KEY))
    try:
        bare = asyncio.run(_request_seconds(_answer, count))
        return (asyncio.run(_request_seconds(AsgiMiddleware(_answer, recorder=reporter), count)) - bare) / MILLISECOND
    finally:
        reporter.close()


async def _request_seconds(application: Any, count: int) -> float:
    taken = []
    for number in range(count):
        scope = {"type": "http", "method": "GET", "path": "/items/1", "headers": [], "client": ("127.0.0.1", 1)}
        began = time.perf_counter()
        await application({**scope, "root_path": "", "path_params": {}}, _receive, _send)
        taken.append(time.perf_counter() - began)
        if number % REQUESTS_PER_PAUSE == 0:
            await asyncio.sleep(PAUSE_SECONDS)
    return median(taken)


async def _answer(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


async def _receive() -> dict[str, object]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: dict[str, object]) -> None:
    pass
