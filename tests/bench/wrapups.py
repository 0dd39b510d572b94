"""Ten years of two interfaces as a page: how long a wrap-up takes to make and to send, and how large it is."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.bench.places import place_with
from tests.bench.process_figures import cpu_seconds
from tests.bench.rows import MILLISECOND, Row, percentile
from tests.bench.running import running
from tests.bench.seeding import History, seed

if TYPE_CHECKING:
    from tests.bench.http_client import KeptConnection
    from tests.bench.running import Running
    from tests.bench.settings import Bench

TEN_YEARS_DAYS = 3_652
SETTLING_SECONDS = 3.0
REQUESTS = 20
TARGETS = {"ten years": ("all", 30.0, 150.0), "a year": ("year", None, None), "a month": ("month", None, None)}
PEERS = ("PacketBuddy 16 for a quarter of the content", "PacketBuddy 37")
PLANS = "plans:\n  - {name: home, cap: 500 GB, price_per_gb: 2.50, currency: EUR}\n"


class UnexpectedAnswerError(Exception):
    """The service did not answer 200; the text has the answer."""


def measure(bench: Bench) -> list[Row]:
    """p50, CPU and size of each, over one kept connection, with a plan; the first page of all is left out."""
    settings = bench.folder / "wrapups.yaml"
    settings.write_text(PLANS, encoding="utf-8")
    with place_with(1) as place:
        history = History(place.devices or ("eth0", "eth1"), TEN_YEARS_DAYS)
        ledger = seed(bench.folder / "wrapups.db", history)
        with running(place, ledger, {"NETLEDGER_CONFIG": str(settings)}) as service:
            time.sleep(SETTLING_SECONDS)
            return [row for name in TARGETS for row in _rows(service, name, bench)]


def _rows(service: Running, name: str, bench: Bench) -> list[Row]:
    range_name, target, largest = TARGETS[name]
    connection, path = service.connect(), f"/api/export/wrapup?range={range_name}"
    _, size = _ask(connection, path)
    halves, costs = [], []
    for _ in range(bench.rounds):
        before = cpu_seconds(service.pid)
        seconds = [_ask(connection, path)[0] for _ in range(REQUESTS)]
        costs.append((cpu_seconds(service.pid) - before) / REQUESTS / MILLISECOND)
        halves.append(percentile(seconds, 50) / MILLISECOND)
    connection.close()
    peers, sizes = PEERS if target else ("", "")
    return [
        Row(f"wrap-up of {name}, p50", "ms", target, tuple(halves), peers, remark="two counted interfaces and a plan"),
        Row(f"wrap-up of {name}, CPU", "ms", None, tuple(costs)),
        Row(f"wrap-up of {name}, size", "kB", largest, (size / 1000,), sizes),
    ]


def _ask(connection: KeptConnection, path: str) -> tuple[float, int]:
    answer = connection.get(path)
    if answer.status != HTTPStatus.OK:
        raise UnexpectedAnswerError(f"{path}: {answer.status} {answer.body[:200]!r}")
    return answer.seconds, len(answer.body)
