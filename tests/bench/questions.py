"""Ten years of two interfaces: how long the API takes to tell of them, and how large their ledger is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.bench.places import place_with
from tests.bench.process_figures import cpu_seconds
from tests.bench.rows import MEGABYTE, MILLISECOND, Row, percentile
from tests.bench.running import running
from tests.bench.seeding import History, seed

if TYPE_CHECKING:
    from tests.bench.http_client import KeptConnection
    from tests.bench.running import Running
    from tests.bench.settings import Bench

TEN_YEARS_DAYS = 3_652
PEERS = "PacketBuddy 1-2, its health 312, vnstat `--json s` 2,600"


class UnexpectedAnswerError(Exception):
    """The service did not answer 200; the text has the path and the answer."""


def measure(bench: Bench) -> list[Row]:
    """p50, p99 and CPU of each question over one kept connection, and the size of the ledger."""
    with place_with(1) as place:
        ledger = seed(bench.folder / "questions.db", History(place.devices or ("eth0", "eth1"), TEN_YEARS_DAYS))
        size = ledger.stat().st_size
        with running(place, ledger) as service:
            time.sleep(1)
            rows = [row for name, path in _paths().items() for row in _rows(service, name, path, bench)]
    return [
        *rows,
        Row(
            "ledger after ten years, per interface",
            "MB",
            5,
            (size / 2 / MEGABYTE,),
            "PacketBuddy 106 after 7 days, vnstat 83",
            remark="traffic in every quarter hour of 400 days and every minute of 30: the most there can be",
        ),
    ]


def _paths() -> dict[str, str]:
    until = datetime.now(UTC).date() - timedelta(days=1)
    since = until - timedelta(days=364)
    return {
        "today": "/api/today",
        "month": "/api/month",
        "range of a year": f"/api/range?from_date={since}&to_date={until}",
        "summary": "/api/summary",
        "health": "/api/health",
    }


def _rows(service: Running, name: str, path: str, bench: Bench) -> list[Row]:
    connection = service.connect()
    _ask(connection, path)
    halves, tails, costs = [], [], []
    for _ in range(bench.rounds):
        before = cpu_seconds(service.pid)
        seconds = [_ask(connection, path) for _ in range(bench.requests)]
        costs.append((cpu_seconds(service.pid) - before) / bench.requests / MILLISECOND)
        halves.append(percentile(seconds, 50) / MILLISECOND)
        tails.append(percentile(seconds, 99) / MILLISECOND)
    connection.close()
    return [
        Row(f"ten years: {name}, p50", "ms", 2, tuple(halves), PEERS),
        Row(f"ten years: {name}, p99", "ms", 10, tuple(tails)),
        Row(f"ten years: {name}, CPU", "ms", None, tuple(costs)),
    ]


def _ask(connection: KeptConnection, path: str) -> float:
    answer = connection.get(path)
    if answer.status != HTTPStatus.OK:
        raise UnexpectedAnswerError(f"{path}: {answer.status} {answer.body[:200]!r}")
    return answer.seconds
