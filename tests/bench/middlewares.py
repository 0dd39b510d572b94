"""What the middlewares for Python and Node.js add to a request: the collector takes, or it hangs."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from netledger_client import ClientSettings, Reporter
from netledger_client.asgi import AsgiMiddleware
from tests.bench.rows import MILLISECOND, Row, skipped
from tests.clients.python.collectors import KEY, collecting, hanging

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.settings import Bench

REQUESTS_PER_PAUSE, PAUSE_SECONDS = 50, 0.001
"""An application waits now and then: the sender gets its turn."""

TARGET = 0.05
STATES = {"collector up": "API Analytics 35", "it hangs": "API Analytics 5,000"}
NODE_PROGRAM = str(Path(__file__).with_name("node_middleware.cjs"))
NODE_SECONDS = 60


def measure(bench: Bench) -> list[Row]:
    """Milliseconds of a request with the middleware less those without it, both p50."""
    count = bench.requests * 20
    with collecting() as collector, hanging() as stuck:
        return [
            *_rows("Python", _added, collector.url, stuck, bench.rounds, count),
            *_node_rows(collector.url, stuck, bench),
        ]


def _node_rows(up: str, stuck: str, bench: Bench) -> list[Row]:
    if shutil.which("node") is None:
        return [skipped(_figure("Node", state), "node is not installed (package nodejs)") for state in STATES]
    return _rows("Node", _added_by_node, up, stuck, bench.rounds, bench.requests * 20)


def _figure(language: str, state: str) -> str:
    return f"added to a request by the {language} middleware, {state}"


def _rows(language: str, added: Callable[[str, int], float], up: str, stuck: str, rounds: int, count: int) -> list[Row]:
    return [
        Row(_figure(language, state), "ms", TARGET, tuple(added(address, count) for _ in range(rounds)), peer)
        for (state, peer), address in zip(STATES.items(), (up, stuck), strict=True)
    ]


def _added_by_node(address: str, count: int) -> float:
    command = ["node", NODE_PROGRAM, address, KEY, str(count)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=NODE_SECONDS, check=True)
    return float(done.stdout)


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
