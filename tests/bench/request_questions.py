"""A month of requests: how long REST takes to sum up one and ten million, and for pages of a log of a million."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.bench.places import Place
from tests.bench.request_history import LOGGED, seed_requests
from tests.bench.rows import MILLISECOND, Row, percentile
from tests.bench.running import running

if TYPE_CHECKING:
    from tests.bench.request_history import RequestHistory
    from tests.bench.running import Running
    from tests.bench.settings import Bench

SETTINGS = {"NETLEDGER_APPLICATIONS_METER": "off", "NETLEDGER_REQUESTS_OWN": "false"}
PEER = "API Analytics 3,600 at 1 M"
REMARK = "30 days of 60 routes and 3 codes; quantiles of ten routes, clients and 30 steps included"
AGAIN = f"{REMARK}; days whose rows have not changed since the first one are remembered"


class UnexpectedPageError(Exception):
    """An answer is not what the ledger has; the text has its path and what came."""


def measure(bench: Bench) -> list[Row]:
    """p50 of a summary of a month, and of pages of the request log."""
    rows: list[Row] = []
    for millions, target in ((1, 20), (10, 30)):
        history = seed_requests(bench.folder / f"requests{millions}.db", millions * LOGGED)
        with running(Place(), history.path, SETTINGS) as service:
            time.sleep(1)
            figure = f"requests: summary of a month at {millions} M events"
            path = f"/api/requests/summary?from={history.first}&to={history.last}"
            first = service.get(path).seconds / MILLISECOND
            rows += [
                Row(f"{figure}, the first", "ms", None, (first,), remark=REMARK),
                Row(f"{figure}, p50", "ms", target, _halves(service, path, bench), PEER, remark=AGAIN),
            ]
            if millions == 1:
                rows += [
                    Row(f"requests: log page, {name}, 1 M rows, p50", "ms", 10, _halves(service, path, bench), peer)
                    for name, path, peer in _pages(history)
                ]
        history.path.unlink()
    return rows


def _pages(history: RequestHistory) -> list[tuple[str, str, str]]:
    """Names and paths of pages of 100, and what another takes for them."""
    at, number = history.oldest[-1]
    path = "/api/requests/log?limit=100"
    return [
        ("first", path, "API Analytics 4"),
        ("last", f"{path}&cursor={at:x}-{number:x}", "API Analytics 103"),
        ("status and route, which 170 rows have", f"{path}&status=5xx&route=/route/7/*", "none"),
        ("slow ones of a network", f"{path}&min_time=100&ip=10.7.0.0/16", "none"),
    ]


def _halves(service: Running, path: str, bench: Bench) -> tuple[float, ...]:
    connection = service.connect()
    found = []
    for _ in range(bench.rounds):
        seconds = []
        for _ in range(bench.requests):
            answer = connection.get(path)
            if answer.status != HTTPStatus.OK or (b'"created_at"' not in answer.body and b'"p99"' not in answer.body):
                raise UnexpectedPageError(f"{path}: {answer.status} {answer.body[:200]!r}")
            seconds.append(answer.seconds)
        found.append(percentile(seconds, 50) / MILLISECOND)
    connection.close()
    return tuple(found)
